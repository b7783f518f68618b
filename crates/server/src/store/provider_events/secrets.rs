//! What the events at an address are verified with.

use integrations_core::{
    ids::{EventSecretId, EventSourceId},
    scope::RequiredScope,
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use time::OffsetDateTime;

use super::sources::{EventSourceRecord, SourceOf, locked};
use crate::store::{
    NewAuditEvent, OwnedError, Store, StoreError, audit,
    authority::Authority,
    entity::{event_secret, event_source},
    oauth_apps,
    projects::owned,
    transaction::Transaction,
};

/// A secret to be stored.
#[derive(Clone, Debug)]
pub struct NewEventSecret {
    /// Its id.
    pub id: EventSecretId,
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
}

/// A stored secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSecretRow {
    /// Its id.
    pub id: EventSecretId,
    /// Its address.
    pub source: EventSourceId,
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
    /// Whether the provider brought it, and no person has seen it yet.
    pub to_be_shown: bool,
    /// Until when it counts. `None`: until it is replaced.
    pub retires_at: Option<OffsetDateTime>,
}

impl TryFrom<event_secret::Model> for EventSecretRow {
    type Error = StoreError;

    fn try_from(row: event_secret::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("event secret {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            source: row.source_id.parse().map_err(|_| damaged("source"))?,
            to_be_shown: row.to_be_shown,
            retires_at: row.retires_at,
            sealed: row.sealed,
        })
    }
}

impl Store {
    /// Replaces the secret of an address. The one before counts until `old_until`; earlier ones stop. No event: the
    /// operator's own app.
    pub async fn set_event_secret(
        &self,
        source: EventSourceId,
        secret: NewEventSecret,
        old_until: Option<OffsetDateTime>,
        (event, at): (Option<NewAuditEvent>, OffsetDateTime),
    ) -> Result<(), OwnedError> {
        let transaction = self.begin().await?;
        hold(&transaction, source, event.as_ref()).await?;
        replace(&transaction, source, old_until).await?;
        insert(&transaction, source, secret, Seen::Entered, at).await?;
        record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Waits at an address for the request that brings the secret, until `until`.
    pub async fn await_event_secret(
        &self,
        source: EventSourceId,
        until: OffsetDateTime,
        event: Option<NewAuditEvent>,
    ) -> Result<(), OwnedError> {
        let transaction = self.begin().await?;
        hold(&transaction, source, event.as_ref()).await?;
        set_awaited(&transaction, source, Some(until)).await?;
        record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps a secret that a provider brought, if a person waits for it at `now`, and ends the wait. The one before
    /// stops. `false`: nobody waits.
    pub async fn keep_brought_secret(
        &self,
        source: EventSourceId,
        secret: NewEventSecret,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let found = locked(&transaction, source).await?;
        if found.and_then(|found| found.awaited_until).is_none_or(|until| until <= now) {
            return Ok(false);
        }
        set_awaited(&transaction, source, None).await?;
        replace(&transaction, source, None).await?;
        insert(&transaction, source, secret, Seen::Brought, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Has the client secret that an app had before `at` verify events until `until`.
    pub async fn keep_former_secret(
        &self,
        source: EventSourceId,
        secret: NewEventSecret,
        at: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<(), StoreError> {
        insert(&self.writer, source, secret, Seen::Former(until), at).await
    }

    /// The secret that a provider brought and that no person has seen yet. It is not returned again.
    pub async fn show_event_secret(
        &self,
        source: EventSourceId,
        event: Option<NewAuditEvent>,
    ) -> Result<Option<EventSecretRow>, OwnedError> {
        use event_secret::Column;

        let transaction = self.begin().await?;
        hold(&transaction, source, event.as_ref()).await?;
        let unseen = event_secret::Entity::find()
            .filter(Column::SourceId.eq(source.to_string()))
            .filter(Column::ToBeShown.eq(true))
            .lock_exclusive();
        let Some(row) = unseen.one(&transaction).await? else { return Ok(None) };
        event_secret::Entity::update_many()
            .col_expr(Column::ToBeShown, Expr::value(false))
            .filter(Column::Id.eq(row.id.as_str()))
            .exec(&transaction)
            .await?;
        record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(Some(row.try_into()?))
    }
}

/// Checks that the actor of the event may change the address, and locks it.
async fn hold(
    on: &Transaction,
    source: EventSourceId,
    event: Option<&NewAuditEvent>,
) -> Result<(), OwnedError> {
    let of = event_source::Entity::find_by_id(source.to_string()).one(on).await?;
    let of = EventSourceRecord::try_from(of.ok_or(OwnedError::NotFound)?)?.of;
    match (of, event) {
        (SourceOf::App(owner), event) => oauth_apps::check(on, owner, event).await?,
        (SourceOf::Integration(_), Some(event)) => hold_project(on, event).await?,
        (SourceOf::Integration(_), None) => return Err(OwnedError::NotFound),
    }
    locked(on, source).await?.map(drop).ok_or(OwnedError::NotFound)
}

/// Checks that the actor of the event may change integrations of its project, which is in use, and locks that.
async fn hold_project(on: &Transaction, event: &NewAuditEvent) -> Result<(), OwnedError> {
    let holder = Authority::from(event).hold(on, RequiredScope::INTEGRATIONS_WRITE).await?;
    let row = owned(on, event.project.ok_or(OwnedError::NotFound)?, event, &holder).await?;
    if row.revoked_at.is_some() { Err(OwnedError::Ended) } else { Ok(()) }
}

async fn record(on: &Transaction, event: Option<NewAuditEvent>) -> Result<(), StoreError> {
    match event {
        Some(event) => audit::record(on, event).await,
        None => Ok(()),
    }
}

/// Retires the secret that counts at `old_until`. Earlier ones stop, and so does this one without a time.
async fn replace(
    on: &Transaction,
    source: EventSourceId,
    old_until: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    use event_secret::Column;

    let of_source = || Column::SourceId.eq(source.to_string());
    let ended = event_secret::Entity::delete_many().filter(of_source());
    match old_until {
        None => ended.exec(on).await?,
        Some(_) => ended.filter(Column::RetiresAt.is_not_null()).exec(on).await?,
    };
    event_secret::Entity::update_many()
        .col_expr(Column::RetiresAt, Expr::value(old_until))
        .filter(of_source())
        .exec(on)
        .await?;
    Ok(())
}

/// Where a secret comes from that is stored.
#[derive(Clone, Copy)]
pub(super) enum Seen {
    /// A person entered it.
    Entered,
    /// The provider brought it, and no person has seen it yet.
    Brought,
    /// It was the client secret of the app. It counts until then.
    Former(OffsetDateTime),
}

pub(super) async fn insert(
    on: &impl ConnectionTrait,
    source: EventSourceId,
    secret: NewEventSecret,
    seen: Seen,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let row = event_secret::Model {
        id: secret.id.to_string(),
        source_id: source.to_string(),
        sealed: secret.sealed,
        to_be_shown: matches!(seen, Seen::Brought),
        created_at: at,
        retires_at: match seen {
            Seen::Former(until) => Some(until),
            Seen::Entered | Seen::Brought => None,
        },
    };
    event_secret::Entity::insert(event_secret::ActiveModel::from(row)).exec_without_returning(on).await?;
    Ok(())
}

async fn set_awaited(
    on: &Transaction,
    source: EventSourceId,
    until: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    event_source::Entity::update_many()
        .col_expr(event_source::Column::AwaitedUntil, Expr::value(until))
        .filter(event_source::Column::Id.eq(source.to_string()))
        .exec(on)
        .await?;
    Ok(())
}
