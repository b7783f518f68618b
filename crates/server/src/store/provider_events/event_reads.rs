//! The statements by which addresses of events, and bodies that are forwarded, are read for many requests at once.

use std::sync::{Arc, LazyLock};

use integrations_core::{
    ids::{EventSourceId, ProviderEventId},
    webhook::LARGEST_FORWARDED,
};
use sea_orm::{ColumnTrait, DbBackend, Iterable};

use crate::store::{
    batch::{Batch, LARGEST},
    entity::{event_secret, event_source},
    read_pool::ReadPool,
    reads::{AMONG_POSTGRES, AMONG_SQLITE, Reads, RowsOf},
};

/// The most bodies that are read together: each may have a megabyte.
const BODIES: usize = 8;
/// How many such reads may be under way at once.
const BODIES_AT_ONCE: usize = 2;

/// The reads that go out together.
#[derive(Clone, Debug)]
pub(in crate::store) struct EventReads {
    /// An address has a row for each of its secrets: the columns of the tables begin with [`SOURCE`], [`TARGET`] and
    /// [`SECRET`].
    pub(super) addresses: Arc<Batch<Reads<EventSourceId>>>,
    pub(super) bodies: Arc<Batch<Reads<ProviderEventId>>>,
}

impl EventReads {
    pub(in crate::store) fn new(read_pool: &ReadPool, backend: DbBackend) -> Self {
        let addresses = RowsOf {
            one: &ADDRESS,
            several_postgres: &ADDRESSES_POSTGRES,
            several_sqlite: &ADDRESSES_SQLITE,
            owner: "source_id",
        };
        let bodies = RowsOf {
            one: &BODY,
            several_postgres: &BODIES_POSTGRES,
            several_sqlite: &BODIES_SQLITE,
            owner: "id",
        };
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

pub(super) const SOURCE: &str = "source_";
pub(super) const TARGET: &str = "target_";
pub(super) const SECRET: &str = "secret_";

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
