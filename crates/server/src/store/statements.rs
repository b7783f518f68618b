//! The statements that requests run, as text that both databases read.
//!
//! Written out rather than built for each request: they are the hot path, and `xtask bench` runs the same text
//! through `pgbench`. Both databases number placeholders `$1`, `$2`, …

use std::sync::LazyLock;

use super::rows::{AuditEntry, HiddenColumns, IntegrationRow, columns};

/// A project's integrations, for showing: `$1` project.
pub static LIST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} FROM projects p LEFT JOIN integrations i ON i.project_id = p.id \
         LEFT JOIN monitors m ON m.integration_id = i.id \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY i.provider",
        columns::<IntegrationRow>()
    )
});

/// One of a project's integrations, for showing: `$1` project, `$2` provider.
pub static ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} \
         FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
         LEFT JOIN monitors m ON m.integration_id = i.id \
         WHERE p.id = $1 AND p.revoked_at IS NULL",
        columns::<IntegrationRow>()
    )
});

/// One of a project's integrations, for changing: `$1` project, `$2` provider.
pub static LOAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {}, {} \
         FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
         LEFT JOIN monitors m ON m.integration_id = i.id \
         LEFT JOIN credentials c ON c.integration_id = i.id \
         WHERE p.id = $1 AND p.revoked_at IS NULL",
        columns::<IntegrationRow>(),
        columns::<HiddenColumns>()
    )
});

/// The beginning of every page of a project's audit log; [`audit_page`] writes the rest.
static AUDIT_PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.organization_id, {} FROM projects p LEFT JOIN (SELECT * FROM audit_events WHERE ",
        columns::<AuditEntry>()
    )
});

/// A page of up to `limit` events of a project's audit log, newest first: `$1` project, `$2` the id that it ends before,
/// `$3` the id that it begins with, and from `$4` on what each of the columns `equal` must be.
///
/// The page is a range of the index over project, `equal` and id. So that it is read there and nowhere else, the last
/// column stands in the order and is no equation: by an equation, PostgreSQL would take any index that ends with the id
/// where it believes that what is asked for is frequent, and walk through the whole log where that is a mistake.
/// `$3` cuts the page afterwards, as the two databases stop a range at its first column alone.
///
/// PostgreSQL plans for a page once, not for each anew, which would take longer than reading it: so the limit is part of the
/// text, as of one that it does not know it believes that it is a tenth of all, and what is asked for stands in a SELECT of its
/// own, where no plan for a rare value looks cheaper.
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
         LEFT JOIN api_keys k ON k.id = e.actor_key_id \
         WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY e.id DESC"
    ));
    statement
}

/// Stores a revision where the stored version is still the one that it was made from:
/// `$1` id, `$2` that version, `$3` … the new values; `$15` whether the secret settings are among them. Where they are
/// not, they stay as they are stored, so that a change cannot bring back what `admin rotate-keys` has sealed anew. Nor
/// does it bring back an earlier `last_synced_at`, which probes move on without a new version.
pub const REVISE: &str = "UPDATE integrations SET version = $3, status = $4, status_before_error = $5, \
     health_status = $6, display_name = $7, sidebar_enabled = $8, error_message = $10, \
     last_synced_at = CASE WHEN last_synced_at > $9 THEN last_synced_at ELSE COALESCE($9, last_synced_at) END, \
     settings = $11, sealed_settings = CASE WHEN $15 THEN $12 ELSE sealed_settings END, action_permissions = $13, \
     updated_at = $14 \
     WHERE id = $1 AND version = $2";
