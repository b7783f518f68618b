//! The statements of the outbox. Both databases understand them, unless a name says otherwise.

use std::sync::LazyLock;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::store::StoreError;

/// Runs a statement that returns nothing.
pub(super) async fn execute(
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
fn placeholders(first: usize, count: usize) -> String {
    match count {
        0 => "NULL".to_owned(),
        _ => (first..first + count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", "),
    }
}

/// Gives so many deliveries what came of their attempts: `$1` status, `$2` when the next attempt is made, or null, `$3`
/// the attempt's number, then the deliveries. One that was dropped meanwhile is not sent again.
pub(super) fn attempted(deliveries: usize) -> String {
    format!(
        "UPDATE webhook_deliveries SET \
         status = CASE WHEN webhook_deliveries.status = 'dropped' AND $1 = 'pending' THEN 'dropped' ELSE $1 END, \
         next_attempt_at = CASE WHEN webhook_deliveries.status <> 'dropped' THEN $2 END, attempts = $3, \
         status_code = a.status_code, error = a.error, duration_ms = a.duration_ms FROM webhook_attempts a \
         WHERE a.delivery_id = webhook_deliveries.id AND a.number = $3 AND webhook_deliveries.id IN ({})",
        placeholders(4, deliveries)
    )
}

/// Notes when so many deliveries were last attempted at their webhooks.
pub(super) fn triggered(deliveries: usize) -> String {
    format!(
        "UPDATE webhooks SET last_triggered_at = a.at FROM (SELECT d.webhook_id, MAX(a.at) AS at \
         FROM webhook_deliveries d JOIN webhook_attempts a ON a.delivery_id = d.id AND a.number = d.attempts \
         WHERE d.id IN ({}) GROUP BY d.webhook_id) a \
         WHERE webhooks.id = a.webhook_id AND (last_triggered_at IS NULL OR last_triggered_at < a.at)",
        placeholders(1, deliveries)
    )
}

/// Locks a stream, which begins if there is none: `$1` webhook, `$2` stream, `$3` when it is due, or null.
pub(super) const OPEN_STREAM: &str = "INSERT INTO webhook_streams (webhook_id, stream, due_at) VALUES ($1, $2, $3) \
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

/// Claims due streams: `$1` lease, `$2` its end, `$3` now, `$4` how many.
fn claim(locking: &str, also: &str) -> String {
    format!(
        "WITH due AS MATERIALIZED (SELECT webhook_id, stream FROM webhook_streams \
         WHERE due_at <= $3 ORDER BY due_at LIMIT $4{locking}) \
         UPDATE webhook_streams SET lease_owner = $1, due_at = $2 \
         WHERE (webhook_id, stream) IN (SELECT webhook_id, stream FROM due){also} RETURNING webhook_id, stream"
    )
}

/// Claims due streams, on PostgreSQL. Skips rows that another claim has locked, and does not wait for the disk: a claim
/// that a loss of power undoes is made again.
pub(super) static CLAIM_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    claim(" FOR UPDATE SKIP LOCKED", " AND set_config('synchronous_commit', 'off', true) = 'off'")
});
/// The same on SQLite, which has only one writer at a time.
pub(super) static CLAIM_SQLITE: LazyLock<String> = LazyLock::new(|| claim("", ""));

/// What a lease's streams send next, in order: `$1` lease, `$2` the most of each stream. A stream without a row here
/// has nothing to send, or its webhook is disabled or its project archived.
fn next(of_a_stream: &str) -> String {
    format!(
        "SELECT d.id, d.webhook_id, d.stream, d.event_id, d.attempts, d.redelivered_after, \
         e.kind, e.body, e.provider_event_id, w.url, w.project_id \
         FROM webhook_streams s \
         JOIN webhooks w ON w.id = s.webhook_id AND w.status = 'active' \
         JOIN projects p ON p.id = w.project_id AND p.revoked_at IS NULL \
         {of_a_stream} \
         JOIN webhook_events e ON e.id = d.event_id \
         WHERE s.lease_owner = $1 ORDER BY d.webhook_id, d.stream, d.number"
    )
}

/// What a lease's streams send next, on PostgreSQL: the first of each stream, by the index of what is pending.
pub(super) static NEXT_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    next(
        "CROSS JOIN LATERAL (SELECT n.* FROM webhook_deliveries n WHERE n.webhook_id = s.webhook_id \
         AND n.stream = s.stream AND n.status = 'pending' ORDER BY n.number LIMIT $2) d",
    )
});
/// The same on SQLite, which has no LATERAL, and finds the last of them once for each stream.
pub(super) static NEXT_SQLITE: LazyLock<String> = LazyLock::new(|| {
    next(
        "JOIN webhook_deliveries d ON d.webhook_id = s.webhook_id AND d.stream = s.stream \
         AND d.status = 'pending' AND d.number <= COALESCE((SELECT n.number FROM webhook_deliveries n \
         WHERE n.webhook_id = s.webhook_id AND n.stream = s.stream AND n.status = 'pending' \
         ORDER BY n.number LIMIT 1 OFFSET $2 - 1), 9223372036854775807)",
    )
});

/// How long the oldest stream that is due has waited for, as the time since when.
pub(super) const OLDEST_DUE: &str =
    "SELECT MIN(due_at) AS due_at FROM webhook_streams WHERE due_at <= $1 AND lease_owner IS NULL";
