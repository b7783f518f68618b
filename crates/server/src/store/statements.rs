//! The statements that requests run, as text that both databases read.
//!
//! Written out rather than built for each request: they are the hot path, and `xtask bench` runs the same text
//! through `pgbench`. Both databases number placeholders `$1`, `$2`, …

/// A project's integrations, for showing: `$1` project.
pub const LIST: &str = "SELECT p.organization_id, i.id, i.provider, i.setup_type, i.status, i.health_status, \
     i.display_name, i.sidebar_enabled, i.last_synced_at, i.error_message, i.settings, i.action_permissions, \
     i.version, i.created_at, i.updated_at \
     FROM projects p LEFT JOIN integrations i ON i.project_id = p.id \
     WHERE p.id = $1 AND p.revoked_at IS NULL ORDER BY i.provider";

/// One of a project's integrations, for showing: `$1` project, `$2` provider.
pub const ONE: &str = "SELECT p.organization_id, i.id, i.provider, i.setup_type, i.status, i.health_status, \
     i.display_name, i.sidebar_enabled, i.last_synced_at, i.error_message, i.settings, i.action_permissions, \
     i.version, i.created_at, i.updated_at \
     FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
     WHERE p.id = $1 AND p.revoked_at IS NULL";

/// One of a project's integrations, for changing: `$1` project, `$2` provider.
pub const LOAD: &str = "SELECT p.organization_id, i.id, i.provider, i.setup_type, i.status, i.health_status, \
     i.display_name, i.sidebar_enabled, i.last_synced_at, i.error_message, i.settings, i.action_permissions, \
     i.version, i.created_at, i.updated_at, i.status_before_error, i.sealed_settings, c.version, \
     i.connection, i.account_id, i.account_name, c.dead_at \
     FROM projects p LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
     LEFT JOIN credentials c ON c.integration_id = i.id \
     WHERE p.id = $1 AND p.revoked_at IS NULL";

/// A project's name and its organization's: `$1` project.
pub const PROJECT_NAMES: &str = "SELECT p.organization_id, p.name, o.name \
     FROM projects p JOIN organizations o ON o.id = p.organization_id \
     WHERE p.id = $1 AND p.revoked_at IS NULL";

/// The beginning of a page of a project's audit log, newest first; [`audit_page`] writes the rest.
const AUDIT_PAGE: &str = "SELECT p.organization_id, e.id, e.integration_id, e.provider, e.action, \
     e.actor_kind, e.actor_key_id, k.name, k.hint, e.request_id, e.changes, e.created_at \
     FROM projects p LEFT JOIN (SELECT * FROM audit_events WHERE ";

/// A page of up to `limit` events of a project's audit log, newest first: `$1` project, `$2` the id that it ends before,
/// `$3` the id that it begins with, and from `$4` on what each of `columns` must be.
///
/// The page is a range of the index over project, `columns` and id. So that it is read there and nowhere else, the last
/// column stands in the order and is no equation: by an equation, PostgreSQL would take any index that ends with the id
/// where it believes that what is asked for is frequent, and walk through the whole log where that is a mistake.
/// `$3` cuts the page afterwards, as the two databases stop a range at its first column alone.
///
/// PostgreSQL plans for a page once, not for each anew, which would take longer than reading it: so the limit is part of the
/// text, as of one that it does not know it believes that it is a tenth of all, and what is asked for stands in a SELECT of its
/// own, where no plan for a rare value looks cheaper.
pub fn audit_page(columns: &[&str], limit: u16) -> String {
    let mut statement = AUDIT_PAGE.to_owned();
    let (mut last, mut value) = ("project_id", 1);
    for (number, column) in (4..).zip(columns) {
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

/// Takes an integration's row lock on PostgreSQL, so that what is decided next is decided alone: `$1` id.
pub const LOCK: &str = "SELECT id FROM integrations WHERE id = $1 FOR UPDATE";

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

/// Records an event.
pub const RECORD: &str = "INSERT INTO audit_events (id, organization_id, project_id, integration_id, provider, \
     action, actor_kind, actor_key_id, request_id, changes, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Destroys an integration's credential: `$1` integration.
pub const DESTROY_CREDENTIAL: &str = "DELETE FROM credentials WHERE integration_id = $1";
