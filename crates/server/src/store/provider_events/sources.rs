//! The addresses that providers send events to.

use std::fmt;

use integrations_core::{
    ids::{EventSourceId, IntegrationId},
    lifecycle::Status,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, LockType, OnConflict, Value},
};
use time::OffsetDateTime;

use crate::{
    store::{
        AppOwner, Store, StoreError,
        entity::{event_source, integration},
        transaction::Transaction,
    },
    token::TokenHash,
};

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceOf {
    /// An integration's.
    Integration(IntegrationId),
    /// That of the OAuth app of this owner: the events of every account come to it.
    App(AppOwner),
}

/// The secret of an address, to be stored.
#[derive(Clone, Debug)]
pub struct NewPath {
    /// Its hash, by which a request is recognized.
    pub hash: TokenHash,
    /// Itself, sealed for its source.
    pub sealed: Vec<u8>,
}

/// A stored address. `Debug` shows nothing of its secret.
#[derive(Clone)]
pub struct EventSourceRecord {
    /// Its id.
    pub id: EventSourceId,
    /// The provider's key.
    pub provider: String,
    /// Whose it is.
    pub of: SourceOf,
    /// The hash of its secret. `None`: nobody has asked for the address since the integration was connected.
    pub path_hash: Option<TokenHash>,
    /// Its secret, sealed.
    pub sealed_path: Option<Vec<u8>>,
    /// Until when the provider's first request may bring what verifies events.
    pub awaited_until: Option<OffsetDateTime>,
}

impl fmt::Debug for EventSourceRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSourceRecord")
            .field("id", &self.id)
            .field("of", &self.of)
            .finish_non_exhaustive()
    }
}

/// The sealed secret of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPath {
    /// The address.
    pub source: EventSourceId,
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
}

impl TryFrom<event_source::Model> for EventSourceRecord {
    type Error = StoreError;

    fn try_from(row: event_source::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("event source {}: {what}", row.id));
        let of = match (&row.integration_id, &row.app_owner) {
            (Some(id), _) => SourceOf::Integration(id.parse().map_err(|_| damaged("integration"))?),
            (None, Some(owner)) => SourceOf::App(owner.parse()?),
            (None, None) => return Err(damaged("owner")),
        };
        let hash =
            row.path_hash.as_deref().map(|hash| TokenHash::from_bytes(hash).ok_or_else(|| damaged("path")));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            path_hash: hash.transpose()?,
            sealed_path: row.sealed_path,
            awaited_until: row.awaited_until,
            provider: row.provider,
            of,
        })
    }
}

impl TryFrom<event_source::Model> for SealedPath {
    type Error = StoreError;

    fn try_from(row: event_source::Model) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged(format!("event source {}: id", row.id));
        Ok(Self {
            source: row.id.parse().map_err(|_| damaged())?,
            sealed: row.sealed_path.unwrap_or_default(),
        })
    }
}

impl Store {
    /// The address of an integration or an app, if there is one. The caller may see whose it is.
    pub async fn event_source_of(
        &self,
        provider: &str,
        of: SourceOf,
    ) -> Result<Option<EventSourceRecord>, StoreError> {
        let row = event_source::Entity::find().filter(is_of(provider, of)).one(&self.reader).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// The address of an integration or an app, which is made if there is none: `id` becomes the id of a new one, and
    /// `seal` makes a secret for it. `None`: the integration is not connected.
    pub async fn open_event_source(
        &self,
        (provider, of): (&str, SourceOf),
        id: EventSourceId,
        seal: impl Fn(EventSourceId) -> NewPath + Send,
        at: OffsetDateTime,
    ) -> Result<Option<EventSourceRecord>, StoreError> {
        let transaction = self.begin().await?;
        if let SourceOf::Integration(id) = of
            && !is_connected(&transaction, id).await?
        {
            return Ok(None);
        }
        let mut record = made(&transaction, (provider, of), id, at).await?;
        if record.path_hash.is_none() {
            let path = seal(record.id);
            set_path(&transaction, record.id, Some(&path)).await?;
            (record.path_hash, record.sealed_path) = (Some(path.hash), Some(path.sealed));
        }
        transaction.commit().await?;
        Ok(Some(record))
    }
}

/// The address of an integration or an app, locked. It is made without a secret if there is none.
pub(super) async fn made(
    on: &Transaction,
    (provider, of): (&str, SourceOf),
    id: EventSourceId,
    at: OffsetDateTime,
) -> Result<EventSourceRecord, StoreError> {
    let new = event_source::Model {
        id: id.to_string(),
        provider: provider.to_owned(),
        integration_id: match of {
            SourceOf::Integration(id) => Some(id.to_string()),
            SourceOf::App(_) => None,
        },
        app_owner: match of {
            SourceOf::Integration(_) => None,
            SourceOf::App(owner) => Some(owner.to_string()),
        },
        path_hash: None,
        sealed_path: None,
        awaited_until: None,
        created_at: at,
    };
    event_source::Entity::insert(event_source::ActiveModel::from(new))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(on)
        .await?;
    let locked = event_source::Entity::find().filter(is_of(provider, of)).lock_exclusive();
    let row = locked.one(on).await?;
    row.ok_or_else(|| StoreError::Damaged("an event source that was stored is gone".to_owned()))?.try_into()
}

/// Locks an address. `None`: it is gone.
pub(super) async fn locked(
    on: &Transaction,
    id: EventSourceId,
) -> Result<Option<EventSourceRecord>, StoreError> {
    let row = event_source::Entity::find_by_id(id.to_string()).lock(LockType::NoKeyUpdate).one(on).await?;
    row.map(TryInto::try_into).transpose()
}

async fn is_connected(on: &Transaction, id: IntegrationId) -> Result<bool, StoreError> {
    let found = integration::Entity::find_by_id(id.to_string())
        .filter(integration::Column::Status.ne(Status::Disconnected.as_str()))
        .lock_shared()
        .one(on)
        .await?;
    Ok(found.is_some())
}

async fn set_path(on: &Transaction, id: EventSourceId, path: Option<&NewPath>) -> Result<(), StoreError> {
    use event_source::Column;

    event_source::Entity::update_many()
        .col_expr(Column::PathHash, Expr::value(path.map(|path| path.hash.to_vec())))
        .col_expr(Column::SealedPath, Expr::value(path.map(|path| path.sealed.clone())))
        .filter(Column::Id.eq(id.to_string()))
        .exec(on)
        .await?;
    Ok(())
}

fn is_of(provider: &str, of: SourceOf) -> Condition {
    use event_source::Column;

    match of {
        SourceOf::Integration(id) => Condition::all().add(Column::IntegrationId.eq(id.to_string())),
        SourceOf::App(owner) => {
            Condition::all().add(Column::Provider.eq(provider)).add(Column::AppOwner.eq(owner.to_string()))
        }
    }
}

/// Ends the address of an integration that is disconnected, with what verifies its events.
pub(in crate::store) async fn end(on: &Transaction, integration: IntegrationId) -> Result<(), StoreError> {
    event_source::Entity::delete_many()
        .filter(event_source::Column::IntegrationId.eq(integration.to_string()))
        .exec(on)
        .await?;
    Ok(())
}

/// Closes the address of an integration that is connected again: nothing is at it any more. Another is made when
/// somebody asks for it. What verifies events stays.
pub(in crate::store) async fn close(
    on: &impl ConnectionTrait,
    integration: IntegrationId,
) -> Result<(), StoreError> {
    use event_source::Column;

    let nothing = || Expr::value(Value::Bytes(None));
    event_source::Entity::update_many()
        .col_expr(Column::PathHash, nothing())
        .col_expr(Column::SealedPath, nothing())
        .col_expr(Column::AwaitedUntil, Expr::value(None::<OffsetDateTime>))
        .filter(Column::IntegrationId.eq(integration.to_string()))
        .exec(on)
        .await?;
    Ok(())
}
