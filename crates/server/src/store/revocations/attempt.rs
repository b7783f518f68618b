//! Claims revocations that are due, and stores what came of an attempt.

use integrations_core::{
    catalog::{AuthKind, ProviderRef},
    ids::{IntegrationId, LeaseId, RevocationId},
    revocation::{Reaches, RevocationStatus, changes_of_revocation},
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    UpdateMany,
    sea_query::{Expr, ExprTrait as _, Value},
};
use time::OffsetDateTime;

use super::begin::HEAD_START;
use crate::store::{
    NewAuditEvent, SealedRevocation, Store, StoreError, Tenant, audit,
    entity::{
        integration,
        revocation::{Column, Entity, Model},
    },
    monitors,
    transaction::Transaction,
};

/// A revocation that somebody attempts.
#[derive(Clone, Debug)]
pub struct RevocationClaim {
    /// The credential, with what it is bound to.
    pub sealed: SealedRevocation,
    /// The project, with the organization.
    pub tenant: Tenant,
    /// The provider, with the alias of a further account.
    pub provider: ProviderRef,
    /// The way by which the credential was got. `None`: the recommended one.
    pub auth: Option<AuthKind>,
    /// The account at the provider, if it is known.
    pub account_id: Option<String>,
    /// The OAuth app that got the tokens, if it is known.
    pub client_id: Option<String>,
    /// What the request ends that was sent, if one was.
    pub reaches: Option<Reaches>,
    /// When the access token expires.
    pub expires_at: Option<OffsetDateTime>,
    /// When a request to revoke was first about to be sent.
    pub sent_at: Option<OffsetDateTime>,
    /// From when on what does not work is tried for a day.
    pub tried_since: OffsetDateTime,
    /// Until when an access token was waited for that expires by itself.
    pub until: Option<OffsetDateTime>,
    /// Until when nobody else tries.
    lease: OffsetDateTime,
}

/// How an attempt ends.
#[derive(Clone, Debug)]
pub enum AttemptEnd {
    /// This is the end, with its event, whose changes are added. The credential is destroyed.
    Ended {
        /// What came of it.
        status: RevocationStatus,
        /// Why it is not revoked.
        message: Option<String>,
        /// The event.
        event: Box<NewAuditEvent>,
    },
    /// It is tried again.
    Again {
        /// When.
        at: OffsetDateTime,
        /// Why it is not revoked yet.
        message: String,
    },
    /// An access token works on until it expires. Then it is looked whether it is refused.
    LivesOn {
        /// When it expires.
        until: OffsetDateTime,
        /// From when on what does not work is tried for a day.
        tried_since: OffsetDateTime,
        /// The same in words.
        message: String,
    },
}

impl Store {
    /// Claims up to `limit` revocations that are due, until a time that is later than `now`.
    pub async fn claim_due_revocations(
        &self,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u64,
    ) -> Result<Vec<RevocationClaim>, StoreError> {
        // Nearly always there are none, and then nobody waits for the writer.
        let due = Entity::find().filter(Column::DueAt.lte(now)).order_by_asc(Column::DueAt).limit(limit);
        let mut claims = Vec::new();
        for row in due.all(&self.reader).await? {
            claims.extend(self.take_revocation(row, until).await?);
        }
        Ok(claims)
    }

    /// Claims a revocation that is due, or has not been tried yet. `None`: it has ended, waits, or somebody tries.
    pub async fn claim_revocation(
        &self,
        id: RevocationId,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<Option<RevocationClaim>, StoreError> {
        match Entity::find_by_id(id.to_string()).one(&self.reader).await? {
            Some(row) if row.due_at.is_some_and(|due| due <= now + HEAD_START) => {
                self.take_revocation(row, until).await
            }
            _ => Ok(None),
        }
    }

    async fn take_revocation(
        &self,
        row: Model,
        until: OffsetDateTime,
    ) -> Result<Option<RevocationClaim>, StoreError> {
        let Some(due) = row.due_at else { return Ok(None) };
        let transaction = self.begin().await?;
        let claimed =
            pending(&row.id, due).col_expr(Column::DueAt, Expr::value(until)).exec(&transaction).await?;
        transaction.commit().await?;
        if claimed.rows_affected == 0 { Ok(None) } else { read_claim(row, until).map(Some) }
    }

    /// Marks that a request which ends this is about to be sent. `false`: somebody else has taken over.
    pub async fn mark_revocation(
        &self,
        claim: &RevocationClaim,
        reaches: Reaches,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let marked = claimed(claim)
            .col_expr(Column::Reaches, Expr::value(reaches.as_str()))
            .col_expr(Column::SentAt, Expr::value(claim.sent_at.unwrap_or(now)))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(marked.rows_affected == 1)
    }

    /// Replaces the credential by a newer one, which the provider issued when the refresh token was shown to it.
    /// `false`: somebody else has taken over.
    pub async fn renew_revocation(
        &self,
        claim: &RevocationClaim,
        sealed: Vec<u8>,
        expires_at: Option<OffsetDateTime>,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let renewed = claimed(claim)
            .col_expr(Column::Sealed, Expr::value(sealed))
            .col_expr(Column::ExpiresAt, Expr::value(Value::from(expires_at)))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(renewed.rows_affected == 1)
    }

    /// The revocation that waits for the tokens which are being renewed under this lease.
    pub async fn revocation_renewed_by(&self, lease: LeaseId) -> Result<Option<RevocationId>, StoreError> {
        let of_lease = Entity::find().filter(Column::RenewedBy.eq(lease.to_string()));
        let row =
            of_lease.filter(Column::Status.eq(RevocationStatus::Pending.as_str())).one(&self.reader).await?;
        let id =
            row.map(|row| row.id.parse().map_err(|_| StoreError::Damaged(format!("revocation {}", row.id))));
        id.transpose()
    }

    /// Replaces the credential by the tokens that were renewed under this lease, and attempts at once. `false`: nobody
    /// waits for them any more.
    pub async fn hand_to_revocation(
        &self,
        lease: LeaseId,
        sealed: Vec<u8>,
        expires_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let handed = Entity::update_many()
            .col_expr(Column::Sealed, Expr::value(sealed))
            .col_expr(Column::ExpiresAt, Expr::value(Value::from(expires_at)))
            .col_expr(Column::DueAt, Expr::value(now))
            .col_expr(Column::RenewedBy, Expr::value(Value::String(None)))
            .filter(Column::RenewedBy.eq(lease.to_string()))
            .filter(Column::Status.eq(RevocationStatus::Pending.as_str()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(handed.rows_affected == 1)
    }

    /// Stores what came of an attempt, and brings the probes of `others` forward, which the request may have ended too.
    /// `false`: somebody else has taken over, and nothing is stored.
    pub async fn end_attempt(
        &self,
        claim: &RevocationClaim,
        end: AttemptEnd,
        mut others: Vec<IntegrationId>,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        if matches!(end, AttemptEnd::Ended { .. } | AttemptEnd::LivesOn { .. }) {
            next_version(&transaction, claim).await?;
        }
        others.sort_unstable();
        for other in others {
            monitors::bring_probe_forward(&transaction, other, now).await?;
        }
        let update = claimed(claim);
        let (update, event) = match end {
            AttemptEnd::Again { at, message } => (
                update
                    .col_expr(Column::DueAt, Expr::value(at))
                    .col_expr(Column::Message, Expr::value(message)),
                None,
            ),
            AttemptEnd::LivesOn { until, tried_since, message } => {
                let update = update
                    .col_expr(Column::DueAt, Expr::value(until))
                    .col_expr(Column::Until, Expr::value(until))
                    .col_expr(Column::TriedSince, Expr::value(tried_since))
                    .col_expr(Column::Message, Expr::value(message));
                (update, None)
            }
            AttemptEnd::Ended { status, message, mut event } => {
                event.changes = changes_of_revocation(status, claim.reaches, message.as_deref());
                let update = update
                    .col_expr(Column::Status, Expr::value(status.as_str()))
                    .col_expr(Column::Sealed, Expr::value(Vec::<u8>::new()))
                    .col_expr(Column::DueAt, Expr::value(Value::TimeDateTimeWithTimeZone(None)))
                    .col_expr(Column::EndedAt, Expr::value(event.at))
                    .col_expr(Column::Message, Expr::value(Value::from(message)));
                (update, Some(*event))
            }
        };
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        if let Some(event) = event {
            audit::record(&transaction, event).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// Gives the integration that shows a revocation a new version, because clients are told another one.
async fn next_version(on: &Transaction, claim: &RevocationClaim) -> Result<(), StoreError> {
    integration::Entity::update_many()
        .col_expr(integration::Column::Version, Expr::col(integration::Column::Version).add(1))
        .filter(integration::Column::Id.eq(claim.sealed.of.integration.to_string()))
        .filter(integration::Column::RevocationId.eq(claim.sealed.revocation.to_string()))
        .exec(on)
        .await?;
    Ok(())
}

/// An update of the pending revocation that is due, or abandoned, at this time.
fn pending(id: &str, due: OffsetDateTime) -> UpdateMany<Entity> {
    let of = Condition::all()
        .add(Column::Id.eq(id))
        .add(Column::Status.eq(RevocationStatus::Pending.as_str()))
        .add(Column::DueAt.eq(due));
    Entity::update_many().filter(of)
}

fn claimed(claim: &RevocationClaim) -> UpdateMany<Entity> {
    pending(&claim.sealed.revocation.to_string(), claim.lease)
}

fn read_claim(row: Model, lease: OffsetDateTime) -> Result<RevocationClaim, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("revocation {}: {what}", row.id));
    let sealed = SealedRevocation::try_from(row.clone())?;
    let organization = row.organization_id.parse().map_err(|_| damaged("organization"))?;
    Ok(RevocationClaim {
        tenant: Tenant { organization, project: sealed.of.project },
        provider: row.provider.parse().map_err(|_| damaged("provider"))?,
        auth: row.auth.as_deref().map(str::parse).transpose().map_err(|_| damaged("auth"))?,
        reaches: row.reaches.as_deref().map(str::parse).transpose().map_err(|_| damaged("reaches"))?,
        sealed,
        account_id: row.account_id,
        client_id: row.client_id,
        expires_at: row.expires_at,
        sent_at: row.sent_at,
        tried_since: row.tried_since,
        until: row.until,
        lease,
    })
}
