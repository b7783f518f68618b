//! The statements over leases. Both databases understand them, unless a comment says otherwise.

use std::sync::LazyLock;

use crate::store::rows::{ClaimedRow, NEXT_CHECK, columns};

/// Begins to monitor an integration, or begins again: `$1` integration, `$2` queue, `$3` due, `$4` probe, `$5`
/// refresh, `$6` not before.
pub const BEGIN: &str = "INSERT INTO monitors \
     (integration_id, provider, due_at, probe_at, refresh_at, not_before, failures, lease_count) \
     VALUES ($1, $2, $3, $4, $5, $6, 0, 0) \
     ON CONFLICT (integration_id) DO UPDATE SET due_at = excluded.due_at, probe_at = excluded.probe_at, \
     refresh_at = excluded.refresh_at, not_before = excluded.not_before, token_not_before = NULL, failures = 0, \
     lease_owner = NULL, lease_count = 0, refresh_begun_by = NULL";

/// Brings the probe forward: `$1` integration, `$2` now. A lease on it stays. Returns when the provider is asked next.
pub static BRING_PROBE_FORWARD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE monitors SET probe_at = $2, \
         due_at = CASE WHEN lease_owner IS NULL AND COALESCE(not_before, $2) < due_at \
         THEN COALESCE(not_before, $2) ELSE due_at END \
         WHERE integration_id = $1 RETURNING {NEXT_CHECK} AS next_check_at"
    )
});

/// The earliest time at which an integration of each queue is due. The queues follow as rows of VALUES.
pub const DUE: &str = "SELECT column1 AS queue, \
     (SELECT MIN(due_at) FROM monitors WHERE provider = column1) AS due_at FROM (VALUES ";

/// Writes a lease: `$1` lease, `$2` its end.
const LEASE: &str = "UPDATE monitors SET lease_owner = $1, due_at = $2, \
     lease_count = CASE WHEN lease_owner IS NULL THEN 1 ELSE lease_count + 1 END";

/// Claims due integrations of a queue: `$1` lease, `$2` its end, `$3` queue, `$4` now, `$5` how many.
fn claim(locking: &str) -> String {
    format!(
        "WITH due AS MATERIALIZED (SELECT integration_id FROM monitors \
         WHERE provider = $3 AND due_at <= $4 ORDER BY due_at LIMIT $5{locking}) \
         {LEASE} WHERE integration_id IN (SELECT integration_id FROM due) RETURNING integration_id"
    )
}

/// Claims due integrations of a queue, on PostgreSQL: `$1` lease, `$2` its end, `$3` queue, `$4` now, `$5` how
/// many. Skips rows that another claim has locked.
pub static CLAIM_POSTGRES: LazyLock<String> = LazyLock::new(|| claim(" FOR UPDATE SKIP LOCKED"));

/// The same on SQLite, which has only one writer at a time.
pub static CLAIM_SQLITE: LazyLock<String> = LazyLock::new(|| claim(""));

/// Claims one integration, even if it is not due, unless it is leased: `$1` lease, `$2` its end, `$3` integration, `$4`
/// now.
pub static CLAIM_ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{LEASE} WHERE integration_id = $3 AND (lease_owner IS NULL OR due_at <= $4) RETURNING integration_id"
    )
});

fn claimed(among: &str) -> String {
    format!(
        "SELECT {} FROM monitors m JOIN integrations i ON i.id = m.integration_id \
         JOIN credentials c ON c.integration_id = i.id JOIN projects p ON p.id = i.project_id AND p.revoked_at IS NULL \
         WHERE i.status <> 'disconnected' AND c.dead_at IS NULL AND m.lease_owner = $1 AND m.integration_id IN ({among})",
        columns::<ClaimedRow>()
    )
}

/// The claimed integrations, on PostgreSQL: `$1` lease, `$2` a JSON array of their ids.
pub static CLAIMED_POSTGRES: LazyLock<String> =
    LazyLock::new(|| claimed("SELECT json_array_elements_text(CAST($2 AS json))"));

/// The same on SQLite.
pub static CLAIMED_SQLITE: LazyLock<String> = LazyLock::new(|| claimed("SELECT value FROM json_each($2)"));

/// Marks that the refresh token is about to be sent: `$1` lease, `$2` integration, `$3` the lease under which it was
/// last sent, or none. Running it twice has the same effect as once.
pub const BEGIN_REFRESH: &str = "UPDATE monitors SET refresh_begun_by = $1, \
     due_at = CASE WHEN due_at < $4 THEN $4 ELSE due_at END WHERE integration_id = $2 \
     AND lease_owner = $1 AND COALESCE(refresh_begun_by, '') IN (COALESCE($3, ''), $1)";

/// Marks that the new tokens are stored: `$1` lease, `$2` integration, `$3` when to refresh them.
pub const END_REFRESH: &str = "UPDATE monitors SET refresh_begun_by = NULL, refresh_at = $3 \
     WHERE integration_id = $2 AND refresh_begun_by = $1";

/// Gives a lease back: `$1` lease, `$2` integration, `$3` the probe's time when it was claimed; then the schedule: `$4`
/// probe, `$5` refresh, `$6` not before, `$7` failures, `$8` refresh begun, `$9` due; `$10` the lease under which a
/// refresh had begun when it was claimed; `$11` token not before. If the probe was brought forward in the meantime, its
/// new time stays. If the refresh of an earlier lease came to an end, what that one stored stays.
pub const RELEASE: &str = "UPDATE monitors SET lease_owner = NULL, lease_count = 0, \
     probe_at = CASE WHEN probe_at = $3 THEN $4 ELSE probe_at END, \
     not_before = $6, token_not_before = $11, failures = $7, \
     refresh_at = CASE WHEN COALESCE(refresh_begun_by, '') IN (COALESCE($10, ''), $1) THEN $5 ELSE refresh_at END, \
     refresh_begun_by = \
     CASE WHEN COALESCE(refresh_begun_by, '') IN (COALESCE($10, ''), $1) THEN $8 ELSE refresh_begun_by END, \
     due_at = CASE WHEN probe_at = $3 OR $9 < COALESCE($6, probe_at) THEN $9 ELSE COALESCE($6, probe_at) END \
     WHERE integration_id = $2 AND lease_owner = $1";

/// Stores when the provider last answered successfully, if nothing else changed: `$1` integration, `$2` lease, `$3`
/// when.
pub const SYNC: &str = "UPDATE integrations SET last_synced_at = $3 WHERE id = $1 AND status <> 'disconnected' \
     AND EXISTS (SELECT 1 FROM monitors WHERE integration_id = $1 AND lease_owner = $2)";

/// The leases that are given back together, on PostgreSQL: `$1` a JSON array of `ReleaseRow`.
const RELEASES: &str = "json_to_recordset(CAST($1 AS json)) AS d(lease text, integration text, \
     synced_at timestamptz, claimed_probe_at timestamptz, probe_at timestamptz, refresh_at timestamptz, \
     not_before timestamptz, token_not_before timestamptz, failures integer, refresh_begun_by text, \
     due_at timestamptz, claimed_begun_by text)";

/// [`SYNC`] for many at once, on PostgreSQL: `$1` as in `RELEASES`.
pub static SYNC_MANY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE integrations i SET last_synced_at = d.synced_at FROM {RELEASES}, monitors m \
         WHERE d.synced_at IS NOT NULL AND i.id = d.integration AND i.status <> 'disconnected' \
         AND m.integration_id = d.integration AND m.lease_owner = d.lease"
    )
});

/// [`RELEASE`] for many at once, on PostgreSQL: `$1` as in `RELEASES`.
pub static RELEASE_MANY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE monitors m SET lease_owner = NULL, lease_count = 0, \
         probe_at = CASE WHEN m.probe_at = d.claimed_probe_at THEN d.probe_at ELSE m.probe_at END, \
         not_before = d.not_before, token_not_before = d.token_not_before, failures = d.failures, \
         refresh_at = CASE WHEN COALESCE(m.refresh_begun_by, '') IN (COALESCE(d.claimed_begun_by, ''), d.lease) \
         THEN d.refresh_at ELSE m.refresh_at END, \
         refresh_begun_by = CASE WHEN COALESCE(m.refresh_begun_by, '') IN (COALESCE(d.claimed_begun_by, ''), d.lease) \
         THEN d.refresh_begun_by ELSE m.refresh_begun_by END, \
         due_at = CASE WHEN m.probe_at = d.claimed_probe_at OR d.due_at < COALESCE(d.not_before, m.probe_at) \
         THEN d.due_at ELSE COALESCE(d.not_before, m.probe_at) END \
         FROM {RELEASES} WHERE m.integration_id = d.integration AND m.lease_owner = d.lease"
    )
});
