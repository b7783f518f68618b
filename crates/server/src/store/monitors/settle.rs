//! Gives leases back, with the results.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, Statement,
    UpdateMany, Value, sea_query::Expr,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{Claim, Schedule, end_leased, statements};
use crate::store::{
    Decision, Loaded, NewAuditEvent, ReadError, Store, StoreError, audit,
    entity::credential,
    integrations::{lock, read_loaded, reload, store_locked},
    transaction::Transaction,
};

/// A lease that is given back without a change to the integration, except perhaps to `last_synced_at`.
#[derive(Clone, Debug)]
pub struct Release {
    /// The claim.
    pub claim: Claim,
    /// When the provider answered successfully, if it was called.
    pub synced_at: Option<OffsetDateTime>,
    /// The next schedule.
    pub schedule: Schedule,
}

/// How a lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseEnd {
    /// Monitoring goes on by this schedule.
    GoesOn(Schedule),
    /// The credential was found to be unusable at this time. Monitoring ends.
    GivenUp(OffsetDateTime),
}

/// The result of a write that only the owner of a lease may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseWrite {
    /// It is stored.
    Stored,
    /// Nothing is stored: the lease had passed to another owner, or the credential had been replaced.
    Superseded,
}

/// New tokens.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The credential, sealed.
    pub sealed: Vec<u8>,
    /// When it expires by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// JSON array: the scopes that the provider granted now. `None` keeps what it granted before.
    pub granted_scopes: Option<String>,
    /// When it is to be refreshed.
    pub refresh_at: Option<OffsetDateTime>,
    /// What is recorded with it.
    pub event: NewAuditEvent,
}

/// [`Release`] for the statements over many. Its fields are the columns of `RELEASES`.
#[derive(Serialize)]
struct ReleaseRow {
    lease: String,
    integration: String,
    #[serde(with = "time::serde::rfc3339::option")]
    synced_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    claimed_probe_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    probe_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    refresh_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    not_before: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    token_not_before: Option<OffsetDateTime>,
    failures: u32,
    refresh_begun_by: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    due_at: OffsetDateTime,
    claimed_begun_by: Option<String>,
}

impl From<&Release> for ReleaseRow {
    fn from(release: &Release) -> Self {
        let schedule = &release.schedule;
        Self {
            lease: release.claim.lease.to_string(),
            integration: release.claim.integration.to_string(),
            synced_at: release.synced_at,
            claimed_probe_at: release.claim.schedule.probe_at,
            probe_at: schedule.probe_at,
            refresh_at: schedule.refresh_at,
            not_before: schedule.not_before,
            token_not_before: schedule.token_not_before,
            failures: schedule.failures,
            refresh_begun_by: schedule.refresh_begun_by.map(|lease| lease.to_string()),
            due_at: schedule.due_at(),
            claimed_begun_by: release.claim.schedule.refresh_begun_by.map(|lease| lease.to_string()),
        }
    }
}

impl Store {
    /// Gives leases back in one transaction. A lease that had passed to another owner is skipped.
    pub async fn release(&self, releases: &[Release]) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        if self.backend() == DbBackend::Postgres {
            let rows: Vec<ReleaseRow> = releases.iter().map(ReleaseRow::from).collect();
            let json =
                serde_json::to_string(&rows).map_err(|error| StoreError::Damaged(error.to_string()))?;
            for sql in [&statements::SYNC_MANY, &statements::RELEASE_MANY] {
                execute(&transaction, sql, [json.clone().into()]).await?;
            }
        } else {
            for one in releases {
                if let Some(at) = one.synced_at {
                    let id = one.claim.integration.to_string();
                    let values = [id.into(), one.claim.lease.to_string().into(), at.into()];
                    execute(&transaction, statements::SYNC, values).await?;
                }
                release_one(&transaction, &one.claim, &one.schedule).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Gives a lease back and stores the change that `decide` returns, in one transaction.
    pub async fn settle<F>(&self, claim: &Claim, ended: LeaseEnd, decide: F) -> Result<LeaseWrite, StoreError>
    where
        F: Fn(&Loaded) -> Option<Decision> + Send + Sync,
    {
        let transaction = self.begin().await?;
        lock(&transaction, claim.integration).await?;
        let rows = reload(&transaction, &claim.tenant, claim.provider.as_str()).await?;
        let loaded = match read_loaded(&self.tenant_check, &claim.tenant, &rows) {
            Ok(Some(loaded)) if loaded.integration.id == claim.integration => loaded,
            Ok(_) | Err(ReadError::Denied(_)) => return Ok(LeaseWrite::Superseded),
            Err(ReadError::Store(error)) => return Err(error),
        };
        let given_back = match ended {
            LeaseEnd::GoesOn(schedule) => release_one(&transaction, claim, &schedule).await?,
            LeaseEnd::GivenUp(at) => give_up(&transaction, claim, at).await?,
        };
        if !given_back {
            return Ok(LeaseWrite::Superseded);
        }
        if let Some(decision) = decide(&loaded) {
            store_locked(&transaction, &loaded, &decision).await?;
            audit::record(&transaction, decision.event).await?;
        }
        transaction.commit().await?;
        Ok(LeaseWrite::Stored)
    }

    /// Records that the refresh token is about to be sent under this lease, which then lasts until `lease_end` at
    /// least: another owner would take the tokens for lost.
    pub async fn begin_refresh(
        &self,
        claim: &Claim,
        lease_end: OffsetDateTime,
    ) -> Result<LeaseWrite, StoreError> {
        let before = claim.schedule.refresh_begun_by.map(|lease| lease.to_string());
        let (lease, integration) = (claim.lease.to_string(), claim.integration.to_string());
        let values = [lease.into(), integration.into(), before.into(), lease_end.into()];
        let statement = Statement::from_sql_and_values(self.backend(), statements::BEGIN_REFRESH, values);
        let marked = self.writer.execute_raw(statement).await?.rows_affected();
        Ok(if marked == 1 { LeaseWrite::Stored } else { LeaseWrite::Superseded })
    }

    /// Replaces the claimed tokens by new ones, unless they have been replaced since. The lease may have ended in the
    /// meantime: no other owner has sent the refresh token.
    pub async fn renew(&self, claim: &Claim, renewed: Renewed) -> Result<LeaseWrite, StoreError> {
        let transaction = self.begin().await?;
        lock(&transaction, claim.integration).await?;
        let (lease, integration) = (claim.lease.to_string(), claim.integration.to_string());
        let values = [lease.into(), integration.into(), renewed.refresh_at.into()];
        if execute(&transaction, statements::END_REFRESH, values).await? != 1 {
            return Ok(LeaseWrite::Superseded);
        }
        let mut update = claimed_credential(claim);
        if let Some(scopes) = renewed.granted_scopes {
            update = update.col_expr(credential::Column::GrantedScopes, Expr::value(scopes));
        }
        let stored = update
            .col_expr(credential::Column::Sealed, Expr::value(renewed.sealed))
            .col_expr(credential::Column::Renewable, Expr::value(true))
            .col_expr(credential::Column::ExpiresAt, Expr::value(renewed.expires_at))
            .col_expr(credential::Column::Version, Expr::value(claim.credential_version + 1))
            .col_expr(credential::Column::UpdatedAt, Expr::value(renewed.event.at))
            .exec(&transaction)
            .await?;
        if stored.rows_affected != 1 {
            return Ok(LeaseWrite::Superseded);
        }
        audit::record(&transaction, renewed.event).await?;
        transaction.commit().await?;
        Ok(LeaseWrite::Stored)
    }
}

/// An update of the claimed credential. It affects no row if the credential has been replaced.
fn claimed_credential(claim: &Claim) -> UpdateMany<credential::Entity> {
    credential::Entity::update_many()
        .filter(credential::Column::IntegrationId.eq(claim.integration.to_string()))
        .filter(credential::Column::Version.eq(claim.credential_version))
}

async fn execute<const N: usize>(on: &Transaction, sql: &str, values: [Value; N]) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.execute_raw(statement).await?.rows_affected())
}

/// Gives a lease back. `false`: it had passed to another owner.
async fn release_one(on: &Transaction, claim: &Claim, schedule: &Schedule) -> Result<bool, StoreError> {
    let values = [
        claim.lease.to_string().into(),
        claim.integration.to_string().into(),
        claim.schedule.probe_at.into(),
        schedule.probe_at.into(),
        schedule.refresh_at.into(),
        schedule.not_before.into(),
        i32::try_from(schedule.failures).unwrap_or(i32::MAX).into(),
        schedule.refresh_begun_by.map(|lease| lease.to_string()).into(),
        schedule.due_at().into(),
        claim.schedule.refresh_begun_by.map(|lease| lease.to_string()).into(),
        schedule.token_not_before.into(),
    ];
    Ok(execute(on, statements::RELEASE, values).await? == 1)
}

/// Ends the monitoring and marks the credential as unusable. `false`: the lease had passed to another owner, or the
/// credential had been replaced.
async fn give_up(on: &Transaction, claim: &Claim, at: OffsetDateTime) -> Result<bool, StoreError> {
    if !end_leased(on, claim.lease, &claim.integration.to_string()).await? {
        return Ok(false);
    }
    let dead =
        claimed_credential(claim).col_expr(credential::Column::DeadAt, Expr::value(at)).exec(on).await?;
    Ok(dead.rows_affected == 1)
}
