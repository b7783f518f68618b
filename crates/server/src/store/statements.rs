//! The statements that requests run, in SQL that both databases understand.
//!
//! They are constant text, not built for each request, because they are the hot path and because `xtask bench` runs the
//! same text through `pgbench`. Both databases number placeholders `$1`, `$2`, …

use std::sync::LazyLock;

use sea_orm::DbBackend;

use super::{
    reads::{AMONG_POSTGRES, AMONG_SQLITE, RowsOf},
    rows::{ApprovalRow, AuditEntry, ExportRow, HiddenColumns, IntegrationRow, RunRow, columns},
};

/// A project's integrations, to be shown, in no order: `$1` project.
pub static LIST: LazyLock<String> = LazyLock::new(|| list("= $1"));

static LISTS_POSTGRES: LazyLock<String> = LazyLock::new(|| list(AMONG_POSTGRES));
static LISTS_SQLITE: LazyLock<String> = LazyLock::new(|| list(AMONG_SQLITE));

/// The integrations of projects, to be shown. The rows come in no order, because sorting them all costs more than
/// sorting those of each project later.
pub(super) fn lists() -> RowsOf {
    RowsOf {
        one: &LIST,
        several_postgres: &LISTS_POSTGRES,
        several_sqlite: &LISTS_SQLITE,
        owner: "owning_project",
    }
}

/// The integrations of the projects whose ids meet a condition.
fn list(condition: &str) -> String {
    format!(
        "SELECT p.id AS owning_project, p.organization_id, {} \
         FROM projects p LEFT JOIN integrations i ON i.project_id = p.id \
         LEFT JOIN monitors m ON m.integration_id = i.id \
         LEFT JOIN credentials c ON c.integration_id = i.id \
         LEFT JOIN revocations v ON v.id = i.revocation_id \
         WHERE p.id {condition} AND p.revoked_at IS NULL",
        columns::<IntegrationRow>()
    )
}

/// One of a project's integrations, to be shown: `$1` project, `$2` provider.
pub static ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} \
         FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
         LEFT JOIN monitors m ON m.integration_id = i.id \
         LEFT JOIN credentials c ON c.integration_id = i.id \
         LEFT JOIN revocations v ON v.id = i.revocation_id \
         WHERE p.id = $1 AND p.revoked_at IS NULL",
        columns::<IntegrationRow>()
    )
});

/// One of a project's integrations, to be changed: `$1` project, `$2` provider.
pub static LOAD: LazyLock<String> = LazyLock::new(|| loading(""));

/// The same, to be used, with its sealed credential.
pub static LOAD_TO_USE: LazyLock<String> =
    LazyLock::new(|| loading(", c.sealed AS sealed, c.created_at AS connected_at"));

/// [`LOAD`] with more columns.
fn loading(more: &str) -> String {
    format!(
        "SELECT p.organization_id, {}, {}{more} \
         FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
         LEFT JOIN monitors m ON m.integration_id = i.id \
         LEFT JOIN credentials c ON c.integration_id = i.id \
         LEFT JOIN revocations v ON v.id = i.revocation_id \
         WHERE p.id = $1 AND p.revoked_at IS NULL",
        columns::<IntegrationRow>(),
        columns::<HiddenColumns>()
    )
}

/// The usable credential of an integration: `$1` integration.
pub(super) const CREDENTIAL: &str = "SELECT sealed, created_at AS connected_at FROM credentials \
     WHERE integration_id = $1 AND dead_at IS NULL";

/// The beginning of every page of a project's audit log; [`audit_page`] writes the rest.
static AUDIT_PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} FROM projects p LEFT JOIN (SELECT * FROM audit_events WHERE ",
        columns::<AuditEntry>()
    )
});

/// A page of up to `limit` events of a project's audit log, newest first. `$1` project, `$2` the page ends before this
/// id, `$3` the smallest id of the page, `$4` and later the values of the columns `equal`.
///
/// The page is a range of the index over project, `equal` and id. To make PostgreSQL use this index, the last column is
/// part of the order and is compared as a range. If it were compared with `=`, PostgreSQL would use any index that ends
/// with the id whenever it believes the value to be frequent, and read the whole log if that is wrong. `$3` is a
/// separate condition, because both databases end a range by its first column only.
///
/// PostgreSQL should plan this statement once: planning it again for each page would take longer than reading the page.
/// So the limit is part of the text, since PostgreSQL takes an unknown limit for a tenth of all rows. The values stand
/// in a SELECT of their own, so that a plan for one rare value does not look cheaper.
pub fn audit_page(equal: &[&str], limit: u16) -> String {
    let mut statement = AUDIT_PAGE.to_owned();
    let (mut last, mut value) = ("project_id", 1);
    for (number, column) in (4..).zip(equal) {
        statement.push_str(&format!("{last} = (SELECT ${value}) AND "));
        (last, value) = (column, number);
    }
    statement.push_str(&format!(
        "({last}, id) < ((SELECT ${value}), $2) AND {last} >= (SELECT ${value}) \
         ORDER BY {last} DESC, id DESC LIMIT {limit}) e ON e.project_id = p.id AND e.id >= $3 \
         LEFT JOIN api_keys k ON k.id = e.actor_key_id LEFT JOIN users u ON u.id = e.actor_key_id \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY e.id DESC"
    ));
    statement
}

/// The last `limit` changes of the health of an integration, newest first: `$1` project, `$2` provider.
pub(super) fn health_changes(limit: u32) -> String {
    format!(
        "SELECT p.organization_id, h.health, h.changed_at \
         FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
         LEFT JOIN health_changes h ON h.integration_id = i.id \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY h.version DESC LIMIT {limit}"
    )
}

/// Deletes up to `limit` changes of health that another one followed before `$1`. Replicas that do it at once leave
/// each other's rows alone.
pub(super) fn prune_health_changes(limit: u32, backend: DbBackend) -> String {
    let locking = if backend == DbBackend::Postgres { " FOR UPDATE OF h SKIP LOCKED" } else { "" };
    format!(
        "DELETE FROM health_changes WHERE (integration_id, version) IN (\
         SELECT h.integration_id, h.version FROM health_changes h WHERE h.changed_at < $1 AND EXISTS (\
         SELECT 1 FROM health_changes n WHERE n.integration_id = h.integration_id AND n.version > h.version \
         AND n.changed_at < $1) LIMIT {limit}{locking})"
    )
}

/// How many integrations of projects that are not archived have which status and health.
pub(super) const INTEGRATION_COUNTS: &str = "SELECT i.status, i.health_status, COUNT(*) AS count \
     FROM integrations i JOIN projects p ON p.id = i.project_id WHERE p.revoked_at IS NULL \
     GROUP BY i.status, i.health_status";

/// The names of what is connected in projects that are not archived.
pub(super) const CONNECTED_PROVIDERS: &str = "SELECT DISTINCT i.provider FROM integrations i \
     JOIN projects p ON p.id = i.project_id WHERE p.revoked_at IS NULL AND i.status <> 'disconnected' \
     ORDER BY i.provider LIMIT 100";

/// Up to `limit` events of all audit logs after `$1`, each with whether it is in a chain or waits for it.
pub(super) fn whereabouts(limit: u16) -> String {
    format!(
        "SELECT e.id, e.organization_id, c.event_id AS chained, w.event_id AS waiting FROM audit_events e \
         LEFT JOIN audit_chain c ON c.event_id = e.id \
         LEFT JOIN audit_pending w ON w.organization_id = e.organization_id AND w.event_id = e.id \
         WHERE e.id > $1 ORDER BY e.id LIMIT {limit}"
    )
}

/// Events that wait to be chained and are gone: `$1` organization.
pub(super) const GONE_BEFORE_CHAINED: &str = "SELECT w.event_id FROM audit_pending w \
     LEFT JOIN audit_events e ON e.id = w.event_id \
     WHERE w.organization_id = $1 AND e.id IS NULL ORDER BY w.event_id LIMIT 100";

/// Up to `limit` events of an audit log, oldest first, each with its line: `$1` the value of the column `of`, `$2` the
/// page begins after this id, `$3` the smallest id, `$4` the id that it ends before, `$5` and later the values of the
/// columns `equal`.
pub(super) fn audit_export(of: &str, equal: &[&str], limit: u16) -> String {
    let events = exported(of, equal, limit);
    format!(
        "SELECT {} FROM ({events}) e LEFT JOIN audit_chain c ON c.event_id = e.id ORDER BY e.id",
        columns::<ExportRow>()
    )
}

/// The same of a tenant's project: `$1` project.
pub(super) fn audit_export_of_tenant(equal: &[&str], limit: u16) -> String {
    let events = exported("project_id", equal, limit);
    format!(
        "SELECT p.organization_id, {} FROM projects p LEFT JOIN ({events}) e ON e.project_id = p.id LEFT JOIN audit_chain c ON c.event_id = e.id \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY e.id",
        columns::<ExportRow>()
    )
}

/// The condition that an event neither waits to be chained nor is in its chain behind where that is removed.
pub(super) const IS_NOT_CHAINED_BEHIND: &str = "NOT EXISTS (SELECT 1 FROM audit_pending w \
     WHERE w.organization_id = audit_events.organization_id AND w.event_id = audit_events.id) \
     AND NOT EXISTS (SELECT 1 FROM audit_chain c JOIN audit_chain_heads h ON h.organization_id = c.organization_id \
     WHERE c.event_id = audit_events.id AND c.number > h.begins_after_number)";

/// Deletes the lines of events after `$1` up to `$2`, up to where their chains are removed.
pub(super) const DELETE_LINKS: &str = "DELETE FROM audit_chain WHERE event_id > $1 AND event_id <= $2 AND number <= \
     (SELECT h.begins_after_number FROM audit_chain_heads h WHERE h.organization_id = audit_chain.organization_id)";

/// Keeps how far a chain was streamed: `$1` organization, `$2` how far it was, `$3` how far it is, `$4` the lease.
pub(super) const KEEP_STREAMED: &str = "UPDATE audit_chain_heads SET streamed = $3 \
     WHERE organization_id = $1 AND streamed = $2 AND EXISTS (SELECT 1 FROM audit_stream WHERE owner = $4)";

/// Up to which number a chain was streamed or removed, of `audit_chain_heads h`.
macro_rules! streamed_or_removed {
    () => {
        "CASE WHEN h.streamed > h.begins_after_number THEN h.streamed ELSE h.begins_after_number END"
    };
}

/// How many chained events were not streamed.
pub(super) const UNSENT: &str = concat!(
    "SELECT CAST(COALESCE(SUM(h.number - ",
    streamed_or_removed!(),
    "), 0) AS BIGINT) AS events FROM audit_chain_heads h WHERE h.number > h.streamed"
);

/// When the oldest of them was recorded.
pub(super) const OLDEST_UNSENT: &str = concat!(
    "SELECT e.created_at FROM audit_chain_heads h JOIN audit_chain c ON c.organization_id = h.organization_id \
     AND c.number = 1 + ",
    streamed_or_removed!(),
    " JOIN audit_events e ON e.id = c.event_id WHERE h.number > h.streamed ORDER BY e.created_at LIMIT 1"
);

fn exported(of: &str, equal: &[&str], limit: u16) -> String {
    let equal: String =
        (5..).zip(equal).map(|(number, column)| format!(" AND {column} = ${number}")).collect();
    format!(
        "SELECT * FROM audit_events WHERE {of} = $1 AND id > $2 AND id >= $3 AND id < $4{equal} \
         ORDER BY id LIMIT {limit}"
    )
}

/// One of a project's runs: `$1` project, `$2` run.
pub static RUN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} \
         FROM projects p LEFT JOIN action_runs r ON r.project_id = p.id AND r.id = $2 \
         WHERE p.id = $1 AND p.revoked_at IS NULL",
        columns::<RunRow>()
    )
});

/// The columns of a run in a list. Its result may have a megabyte, so what is longer than this many bytes is read for
/// one run at a time.
static LISTED_RUN: LazyLock<String> = LazyLock::new(|| {
    const LONGEST: u32 = 16 * 1024;

    let short = format!(r#"CASE WHEN OCTET_LENGTH("r"."result") <= {LONGEST} THEN "r"."result" END"#);
    columns::<RunRow>().replace(r#""r"."result""#, &short)
});

/// A page of up to `limit` of a project's runs without long results, newest first: `$1` project, `$2` the page ends
/// before this id, `$3` the smallest id of the page, `$4` and later the values of the columns `equal`. The project is
/// part of the order for the reason that `pages::newest` gives.
pub(super) fn runs_page(equal: &[&str], limit: u16) -> String {
    let equal: String =
        (4..).zip(equal).map(|(number, column)| format!(" AND {column} = ${number}")).collect();
    format!(
        "SELECT p.organization_id, {} FROM projects p LEFT JOIN (\
         SELECT * FROM action_runs WHERE (project_id, id) < ($1, $2) AND (project_id, id) >= ($1, $3){equal} \
         ORDER BY project_id DESC, id DESC LIMIT {limit}) r ON r.project_id = p.id \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY r.id DESC",
        LISTED_RUN.as_str()
    )
}

/// The tables of an approval's row, behind `approvals a`.
const OF_APPROVAL: &str = "LEFT JOIN action_runs r ON r.id = a.run_id \
     LEFT JOIN api_keys k ON k.id = a.principal LEFT JOIN users u ON u.id = a.principal \
     LEFT JOIN api_keys dk ON dk.id = a.decided_by LEFT JOIN users du ON du.id = a.decided_by";

/// One of a project's approvals: `$1` project, `$2` approval.
pub(super) static APPROVAL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} \
         FROM projects p LEFT JOIN approvals a ON a.project_id = p.id AND a.id = $2 {OF_APPROVAL} \
         WHERE p.id = $1 AND p.revoked_at IS NULL",
        columns::<ApprovalRow>()
    )
});

/// A page of up to `limit` of a project's approvals, newest first: `$1` project, `$2` the page ends before this id,
/// `$3` and later the values of `conditions`, which begins with `AND`. The project is part of the order for the reason
/// that `pages::newest` gives.
pub(super) fn approvals_page(conditions: &str, limit: u16) -> String {
    format!(
        "SELECT p.organization_id, {} FROM projects p LEFT JOIN (\
         SELECT * FROM approvals WHERE (project_id, id) < ($1, $2) AND project_id >= $1{conditions} \
         ORDER BY project_id DESC, id DESC LIMIT {limit}) a ON a.project_id = p.id {OF_APPROVAL} \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY a.id DESC",
        columns::<ApprovalRow>()
    )
}

/// What is reserved towards a total: `$1` integration, `$2` action, `$3` total, `$4` subject, `$5` currency, `$6` since
/// when, `$7` the run that is left out. It comes in two halves, because PostgreSQL and SQLite refuse a sum that does
/// not fit.
pub(super) const RESERVED: &str = "SELECT \
     CAST(COALESCE(SUM(amount / 4294967296), 0) AS BIGINT) AS high, \
     CAST(COALESCE(SUM(amount % 4294967296), 0) AS BIGINT) AS low \
     FROM action_reservations WHERE integration_id = $1 AND action = $2 AND total = $3 AND subject = $4 \
     AND currency IS NOT DISTINCT FROM $5 AND created_at > $6 AND run_id <> $7";

/// What of that only waits for a person, by run: the same values.
pub(super) const WAITING: &str = "SELECT w.run_id, w.amount \
     FROM action_reservations w JOIN action_runs r ON r.id = w.run_id \
     WHERE w.integration_id = $1 AND w.action = $2 AND w.total = $3 AND w.subject = $4 \
     AND w.currency IS NOT DISTINCT FROM $5 AND w.created_at > $6 AND w.run_id <> $7 \
     AND r.status = 'pending_approval' ORDER BY w.run_id";

/// Stores a revision if the stored version is still the one that it was made from: `$1` id, `$2` that version, `$3` …
/// the new values, `$15` whether the secret settings change. If they do not, the stored ones stay, so that a change
/// does not overwrite what `admin rotate-keys` has sealed again. A newer stored `last_synced_at` stays too, because
/// probes set it without a new version.
pub const REVISE: &str = "UPDATE integrations SET version = $3, status = $4, status_before_error = $5, \
     health_status = $6, display_name = $7, sidebar_enabled = $8, error_message = $10, \
     last_synced_at = CASE WHEN last_synced_at > $9 THEN last_synced_at ELSE COALESCE($9, last_synced_at) END, \
     settings = $11, sealed_settings = CASE WHEN $15 THEN $12 ELSE sealed_settings END, action_permissions = $13, \
     updated_at = $14 \
     WHERE id = $1 AND version = $2";
