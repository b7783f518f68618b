//! The statements that send what is in the outbox. Both databases understand them, unless a name says otherwise.

use std::sync::LazyLock;

use crate::store::outbox::placeholders;

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
