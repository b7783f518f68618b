//! The statements of the outbox. Both databases understand them, unless a name says otherwise.

use std::sync::LazyLock;

/// The webhooks of a project, with an integration: `$1` project, `$2` integration, or null.
fn subscribers(locking: &str) -> String {
    format!(
        "SELECT w.id, w.events, w.status, i.id AS integration_id, i.provider, \
         i.status AS integration_status, i.health_status \
         FROM webhooks w LEFT JOIN integrations i ON i.id = $2 WHERE w.project_id = $1 ORDER BY w.id{locking}"
    )
}

/// The webhooks of a project, on PostgreSQL. Whoever deletes one of them waits until the commit, before its streams.
pub(super) static SUBSCRIBERS_POSTGRES: LazyLock<String> =
    LazyLock::new(|| subscribers(" FOR KEY SHARE OF w"));
/// The same on SQLite, which has only one writer at a time.
pub(super) static SUBSCRIBERS_SQLITE: LazyLock<String> = LazyLock::new(|| subscribers(""));

/// Locks a stream, which begins if there is none: `$1` webhook, `$2` stream, `$3` when it is due, or null.
pub(super) const OPEN_STREAM: &str = "INSERT INTO webhook_streams (webhook_id, stream, due_at) VALUES ($1, $2, $3) \
     ON CONFLICT (webhook_id, stream) DO UPDATE SET stream = excluded.stream";

/// Locks this many streams on PostgreSQL, whose values are those of [`OPEN_STREAM`] one after the other, and then gives
/// numbers to this many new events. The numbers are drawn after all streams are locked, because they wait for their
/// count.
pub(super) fn open_and_number(streams: usize, events: usize) -> String {
    let rows: Vec<_> = (0..streams)
        .map(|stream| format!("(${}, ${}, ${})", 3 * stream + 1, 3 * stream + 2, 3 * stream + 3))
        .collect();
    format!(
        "WITH opened AS (INSERT INTO webhook_streams (webhook_id, stream, due_at) VALUES {} \
         ON CONFLICT (webhook_id, stream) DO UPDATE SET stream = excluded.stream RETURNING 1) \
         SELECT nextval('webhook_event_numbers') AS number \
         FROM (SELECT count(*) FROM opened) o, generate_series(1, {events})",
        rows.join(", ")
    )
}

/// Gives numbers to `$1` new events on SQLite, and returns the last.
pub(super) const NUMBER_SQLITE: &str =
    "UPDATE webhook_event_numbers SET last = last + $1 RETURNING last AS number";

/// Claims due streams: `$1` lease, `$2` its end, `$3` now, `$4` how many.
fn claim(locking: &str) -> String {
    format!(
        "WITH due AS MATERIALIZED (SELECT webhook_id, stream FROM webhook_streams \
         WHERE due_at <= $3 ORDER BY due_at LIMIT $4{locking}) \
         UPDATE webhook_streams SET lease_owner = $1, due_at = $2 \
         WHERE (webhook_id, stream) IN (SELECT webhook_id, stream FROM due) RETURNING webhook_id, stream"
    )
}

/// Claims due streams, on PostgreSQL. Skips rows that another claim has locked.
pub(super) static CLAIM_POSTGRES: LazyLock<String> = LazyLock::new(|| claim(" FOR UPDATE SKIP LOCKED"));
/// The same on SQLite, which has only one writer at a time.
pub(super) static CLAIM_SQLITE: LazyLock<String> = LazyLock::new(|| claim(""));

/// What a lease's streams send next, in order: `$1` lease, `$2` how many of each stream, less one. A stream without a
/// row here has nothing to send, or its webhook is disabled or its project archived.
pub(super) const NEXT: &str = "SELECT d.id, d.webhook_id, d.stream, d.event_id, d.attempts, d.redelivered_after, \
     e.kind, e.body, e.provider_event_id, w.url, w.project_id \
     FROM webhook_streams s \
     JOIN webhooks w ON w.id = s.webhook_id AND w.status = 'active' \
     JOIN projects p ON p.id = w.project_id AND p.revoked_at IS NULL \
     JOIN webhook_deliveries d ON d.webhook_id = s.webhook_id AND d.stream = s.stream AND d.status = 'pending' \
     AND d.number <= COALESCE((SELECT n.number FROM webhook_deliveries n \
     WHERE n.webhook_id = s.webhook_id AND n.stream = s.stream AND n.status = 'pending' \
     ORDER BY n.number LIMIT 1 OFFSET $2), 9223372036854775807) \
     JOIN webhook_events e ON e.id = d.event_id \
     WHERE s.lease_owner = $1 ORDER BY d.webhook_id, d.stream, d.number";

/// How long the oldest stream that is due has waited for, as the time since when.
pub(super) const OLDEST_DUE: &str =
    "SELECT MIN(due_at) AS due_at FROM webhook_streams WHERE due_at <= $1 AND lease_owner IS NULL";
