//! The statements that put something into the outbox. Both databases understand them, unless a name says otherwise.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::store::StoreError;

/// Runs a statement that returns nothing.
pub(in crate::store) async fn execute(
    on: &impl ConnectionTrait,
    sql: String,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    on.execute_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// The webhooks of so many projects, each with so many integrations, as far as they are of its project: first the
/// projects, then the integrations. On PostgreSQL, whoever deletes one of the webhooks waits until the commit, before
/// its streams. SQLite has only one writer at a time.
pub(super) fn subscribers(projects: usize, integrations: usize, backend: DbBackend) -> String {
    let locking = if backend == DbBackend::Postgres { " FOR KEY SHARE OF w" } else { "" };
    format!(
        "SELECT w.id, w.project_id, w.events, w.status, i.id AS integration_id, i.provider, \
         i.status AS integration_status, i.health_status \
         FROM webhooks w LEFT JOIN integrations i ON i.project_id = w.project_id AND i.id IN ({}) \
         WHERE w.project_id IN ({}) ORDER BY w.id{locking}",
        placeholders(projects + 1, integrations),
        placeholders(1, projects),
    )
}

/// So many values of a statement, from this one. Without any, no value is one of them.
pub(in crate::store) fn placeholders(first: usize, count: usize) -> String {
    match count {
        0 => "NULL".to_owned(),
        _ => (first..first + count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", "),
    }
}

/// Locks a stream, which begins if there is none: `$1` webhook, `$2` stream, `$3` when it is due, or null.
pub(in crate::store) const OPEN_STREAM: &str = "INSERT INTO webhook_streams (webhook_id, stream, due_at) VALUES ($1, $2, $3) \
     ON CONFLICT (webhook_id, stream) DO UPDATE SET stream = excluded.stream";

/// Locks this many streams on PostgreSQL. The values of each are those of [`OPEN_STREAM`].
pub(super) fn open(streams: usize) -> String {
    format!(
        "INSERT INTO webhook_streams (webhook_id, stream, due_at) VALUES {} \
         ON CONFLICT (webhook_id, stream) DO UPDATE SET stream = excluded.stream",
        rows(1, streams, 3)
    )
}

/// Locks this many streams on PostgreSQL, if any, and then numbers and stores so many events with their deliveries. The
/// values are first those of [`OPEN_STREAM`] for each stream; then those of each event: id, project, integration, kind,
/// the bytes of the body before and after the number, when, the provider's event; then those of each delivery: id,
/// webhook, event, stream. The numbers are drawn after all streams are locked, because they wait for their count.
pub(super) fn tell(streams: usize, events: usize, deliveries: usize) -> String {
    let first_of_event = 3 * streams + 1;
    let opened = match streams {
        0 => "SELECT 1".to_owned(),
        _ => format!("{} RETURNING 1", open(streams)),
    };
    format!(
        "WITH opened AS ({opened}), told AS MATERIALIZED (SELECT e.*, nextval('webhook_event_numbers') AS number \
         FROM (SELECT count(*) FROM opened) o, (VALUES {}) \
         e (id, project_id, integration_id, kind, body_before, body_after, created_at, provider_event_id)), \
         event AS (INSERT INTO webhook_events \
         (id, project_id, integration_id, kind, number, body, created_at, provider_event_id) \
         SELECT id, project_id, integration_id, kind, number, \
         body_before || convert_to(number::text, 'UTF8') || body_after, created_at, provider_event_id FROM told) \
         INSERT INTO webhook_deliveries (id, webhook_id, event_id, stream, number, status, attempts, created_at) \
         SELECT d.id, d.webhook_id, d.event_id, d.stream, told.number, 'pending', 0, told.created_at \
         FROM (VALUES {}) d (id, webhook_id, event_id, stream) JOIN told ON told.id = d.event_id",
        rows(first_of_event, events, 8),
        rows(first_of_event + 8 * events, deliveries, 4),
    )
}

/// So many rows of values, of so many columns each, from this value on.
fn rows(first: usize, count: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", placeholders(first + row * columns, columns));
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

/// Gives numbers to `$1` new events on SQLite, and returns the last.
pub(super) const NUMBER_SQLITE: &str =
    "UPDATE webhook_event_numbers SET last = last + $1 RETURNING last AS number";
