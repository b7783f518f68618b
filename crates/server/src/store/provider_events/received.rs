//! What is read for each request at an address, and for each event that is forwarded. Under load it is read for many of
//! them at once.

use integrations_core::{
    ids::{EventSourceId, ProviderEventId},
    webhook::Omitted,
};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use time::OffsetDateTime;

use super::{
    event_reads::{SECRET, SOURCE, TARGET},
    read::SealedProviderEvent,
    secrets::EventSecretRow,
    sources::EventSourceRecord,
    targets::{EventTarget, TargetRow},
};
use crate::store::{
    Store, StoreError,
    entity::{event_secret, event_source},
};

/// An address, with all that a request at it is received with.
#[derive(Clone, Debug)]
pub struct EventAddress {
    /// The address.
    pub source: EventSourceRecord,
    /// The integration whose address it is, if it is connected.
    pub target: Option<EventTarget>,
    /// The secrets that are stored for it, the newest first. Some may have retired.
    secrets: Vec<EventSecretRow>,
}

impl EventAddress {
    /// The secrets that count at `now`, the newest first.
    pub fn secrets_at(&self, now: OffsetDateTime) -> impl Iterator<Item = &EventSecretRow> {
        self.secrets.iter().filter(move |row| row.retires_at.is_none_or(|retires| retires > now))
    }
}

/// What the columns of a row with this prefix hold, if there was something to join. A value that cannot be read is an
/// error.
fn joined<T: FromQueryResult>(row: &QueryResult, prefix: &str) -> Result<Option<T>, DbErr> {
    let id: Option<String> = row.try_get(prefix, "id")?;
    id.map(|_| T::from_query_result(row, prefix)).transpose()
}

#[derive(FromQueryResult)]
struct BodyRow {
    id: String,
    project_id: String,
    integration_id: String,
    /// `None`: too large. It is empty once it is not kept any more.
    sealed: Option<Vec<u8>>,
}

impl Store {
    /// The address with this id.
    pub async fn event_address(&self, id: EventSourceId) -> Result<Option<EventAddress>, StoreError> {
        let rows = self.event_reads.addresses.ask(id).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let secrets = rows.iter().filter_map(|row| joined::<event_secret::Model>(row, SECRET).transpose());
        Ok(Some(EventAddress {
            source: event_source::Model::from_query_result(row, SOURCE)?.try_into()?,
            target: joined::<TargetRow>(row, TARGET)?.map(TryInto::try_into).transpose()?,
            secrets: secrets.map(|row| EventSecretRow::try_from(row?)).collect::<Result<_, _>>()?,
        }))
    }

    /// The sealed body of an event that is forwarded, or why it is left out.
    pub async fn body_to_forward(
        &self,
        id: ProviderEventId,
    ) -> Result<Result<SealedProviderEvent, Omitted>, StoreError> {
        let rows = self.event_reads.bodies.ask(id).await?;
        let Some(row) = rows.first() else { return Ok(Err(Omitted::Expired)) };
        let BodyRow { id, project_id, integration_id, sealed } = BodyRow::from_query_result(row, "")?;
        let damaged = |what: &str| StoreError::Damaged(format!("provider event {id}: {what}"));
        let Some(sealed) = sealed else { return Ok(Err(Omitted::TooLarge)) };
        if sealed.is_empty() {
            return Ok(Err(Omitted::Expired));
        }
        Ok(Ok(SealedProviderEvent {
            id: id.parse().map_err(|_| damaged("id"))?,
            project: project_id.parse().map_err(|_| damaged("project"))?,
            integration: integration_id.parse().map_err(|_| damaged("integration"))?,
            sealed,
        }))
    }
}
