//! What is read for each request at an address, and for each event that is forwarded. Under load it is read for many of
//! them at once.

use std::sync::{Arc, LazyLock};

use integrations_core::{
    ids::{EventSourceId, ProviderEventId},
    webhook::{LARGEST_FORWARDED, Omitted},
};
use sea_orm::{ColumnTrait, DbBackend, DbErr, FromQueryResult, Iterable, QueryResult};

use super::{
    read::SealedProviderEvent,
    secrets::EventSecretRow,
    sources::EventSourceRecord,
    targets::{EventTarget, TargetRow},
};
use crate::store::{
    Store, StoreError,
    batch::{Batch, LARGEST},
    entity::{event_secret, event_source},
    read_pool::ReadPool,
    reads::{AMONG_POSTGRES, AMONG_SQLITE, Reads, RowsOf},
};

/// The most bodies that are read together: each may have a megabyte.
const BODIES: usize = 8;
/// How many such reads may be under way at once.
const BODIES_AT_ONCE: usize = 2;

/// An address, with all that a request at it is received with.
#[derive(Clone, Debug)]
pub struct EventAddress {
    /// The address.
    pub source: EventSourceRecord,
    /// The integration whose address it is, if it is connected.
    pub target: Option<EventTarget>,
    /// The secrets that are stored for it, the newest first. Some may have retired.
    pub secrets: Vec<EventSecretRow>,
}

/// The reads that go out together.
#[derive(Clone, Debug)]
pub(in crate::store) struct EventReads {
    addresses: Arc<Batch<Reads<EventSourceId>>>,
    bodies: Arc<Batch<Reads<ProviderEventId>>>,
}

impl EventReads {
    pub(in crate::store) fn new(read_pool: &ReadPool, backend: DbBackend) -> Self {
        let (addresses, bodies): (&'static str, &'static str) = match backend {
            DbBackend::Postgres => (&ADDRESSES_POSTGRES, &BODIES_POSTGRES),
            _ => (&ADDRESSES_SQLITE, &BODIES_SQLITE),
        };
        let addresses = RowsOf { one: &ADDRESS, several: addresses, owner: "source_id" };
        let bodies = RowsOf { one: &BODY, several: bodies, owner: "id" };
        Self {
            addresses: Batch::new(Reads::new(read_pool.clone(), backend, addresses), 1, LARGEST),
            bodies: Batch::new(Reads::new(read_pool.clone(), backend, bodies), BODIES_AT_ONCE, BODIES),
        }
    }
}

static ADDRESS: LazyLock<String> = LazyLock::new(|| address("= $1"));
static ADDRESSES_POSTGRES: LazyLock<String> = LazyLock::new(|| address(AMONG_POSTGRES));
static ADDRESSES_SQLITE: LazyLock<String> = LazyLock::new(|| address(AMONG_SQLITE));
static BODY: LazyLock<String> = LazyLock::new(|| body("= $1"));
static BODIES_POSTGRES: LazyLock<String> = LazyLock::new(|| body(AMONG_POSTGRES));
static BODIES_SQLITE: LazyLock<String> = LazyLock::new(|| body(AMONG_SQLITE));

const SOURCE: &str = "source_";
const TARGET: &str = "target_";
const SECRET: &str = "secret_";

/// The addresses whose ids meet a condition. There is a row for each secret of one.
fn address(condition: &str) -> String {
    format!(
        "SELECT {}, CASE WHEN p.id IS NOT NULL THEN i.id END AS {TARGET}id, i.project_id AS {TARGET}project_id, \
         p.organization_id AS {TARGET}organization_id, c.created_at AS {TARGET}connected_since, {} \
         FROM event_sources s \
         LEFT JOIN integrations i ON i.id = s.integration_id AND i.status <> 'disconnected' \
         LEFT JOIN projects p ON p.id = i.project_id AND p.revoked_at IS NULL \
         LEFT JOIN credentials c ON c.integration_id = i.id \
         LEFT JOIN event_secrets x ON x.source_id = s.id \
         WHERE s.id {condition} ORDER BY x.id DESC",
        renamed::<event_source::Column>("s", SOURCE),
        renamed::<event_secret::Column>("x", SECRET),
    )
}

/// All columns of a table, each with a name that tells it from those of other tables.
fn renamed<C: ColumnTrait + Iterable>(table: &str, prefix: &str) -> String {
    let columns = C::iter().map(|column| {
        let name = column.as_str();
        format!("{table}.{name} AS {prefix}{name}")
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// The bodies of the events whose ids meet a condition. One that is too large to be forwarded is not read, unless it is
/// not kept any more.
fn body(condition: &str) -> String {
    format!(
        "SELECT id, project_id, integration_id, \
         CASE WHEN body_size <= {LARGEST_FORWARDED} OR length(sealed) = 0 THEN sealed END AS sealed \
         FROM provider_events WHERE id {condition}"
    )
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
