//! Turns off the actions that write and that earlier versions permitted by default, where nobody had permitted them.
//!
//! It runs once, before the migration [`WRITES_OFF`](migrations::WRITES_OFF) marks that it is done. Later migrations
//! change the tables, so these statements name only the columns that there are at that time.

use integrations_core::{
    audit::{Actor, AuditAction, Change},
    catalog::ProviderRef,
    ids::AuditEventId,
};
use sea_orm::{ConnectionTrait as _, DbBackend, FromQueryResult, QueryResult, Statement, Value};
use serde_json::Map;

use super::{Store, StoreError, integrations::json, migrate::alone, transaction::Transaction};
use crate::environment::Environment;

/// Provider and action.
const ON_BY_DEFAULT: [(&str, &str); 7] = [
    ("discord", "post_message"),
    ("github", "create_issue"),
    ("linear", "comment_on_issue"),
    ("linear", "create_issue"),
    ("linear", "link_conversation"),
    ("shopify", "add_order_note"),
    ("slack", "post_message"),
];

/// The next integrations of all projects, also of archived ones: `$1` the last one of the batch before. A batch is
/// small, so that others do not wait long for its locks.
const BATCH: &str = "SELECT i.id, i.project_id, p.organization_id, i.provider, i.action_permissions \
     FROM integrations i JOIN projects p ON p.id = i.project_id WHERE i.id > $1 ORDER BY i.id LIMIT 200";

/// The changes of permissions that people made: `$1` project, `$2` provider, `$3` integration. A PATCH that also
/// disconnects is recorded as a disconnection.
const CHANGES: &str = "SELECT changes FROM audit_events WHERE project_id = $1 AND provider = $2 \
     AND action IN ('integration.lifecycle.updated', 'integration.disconnected') AND integration_id = $3 \
     AND changes LIKE '%\"action_permissions.%'";

/// `$1` integration, `$2` its permissions, `$3` the time.
const STORE: &str = "UPDATE integrations SET action_permissions = $2, version = version + 1, updated_at = $3 \
     WHERE id = $1";

const RECORD: &str = "INSERT INTO audit_events \
     (id, organization_id, project_id, integration_id, provider, action, actor_kind, changes, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

#[derive(FromQueryResult)]
struct Row {
    id: String,
    project_id: String,
    organization_id: String,
    provider: String,
    /// JSON object.
    action_permissions: String,
}

impl Store {
    /// Turns them off, each with its audit event. Returns how many it turned off. It can be stopped at any time and
    /// begun again, and several may run at once: what is off already is left alone.
    pub(super) async fn turn_writes_off(&self, environment: &Environment) -> Result<u64, StoreError> {
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let transaction = self.begin().await?;
            // Otherwise another process may change the tables at the same time, and each waits for the other.
            alone(&transaction).await?;
            let batch = query(&transaction, &locking(self.backend()), [after.into()]).await?;
            let Some(last) = batch.last() else { return Ok(count) };
            after = Row::from_query_result(last, "")?.id;
            for row in &batch {
                let row = Row::from_query_result(row, "")?;
                count += turn_off(&transaction, row, environment).await?;
            }
            transaction.commit().await?;
        }
    }
}

/// [`BATCH`], which locks its rows on PostgreSQL. On SQLite the transaction holds the only write lock already.
fn locking(backend: DbBackend) -> String {
    let lock = if backend == DbBackend::Postgres { " FOR UPDATE OF i" } else { "" };
    format!("{BATCH}{lock}")
}

/// Turns off what is on in a locked row and what nobody changed. Returns how many actions it turned off.
async fn turn_off(on: &Transaction, row: Row, environment: &Environment) -> Result<u64, StoreError> {
    let (provider, _) = ProviderRef::parts(&row.provider);
    let damaged = |_| StoreError::Damaged(format!("integration {}: permissions", row.id));
    let mut permissions: Map<String, serde_json::Value> =
        serde_json::from_str(&row.action_permissions).map_err(damaged)?;
    let mut changes: Vec<Change> = ON_BY_DEFAULT
        .into_iter()
        .filter(|(of, action)| *of == provider && permissions.get(*action) == Some(&true.into()))
        .map(|(_, action)| Change { path: path(action), from: true.into(), to: false.into() })
        .collect();
    if changes.is_empty() {
        return Ok(0);
    }
    let changed = changed(on, &row).await?;
    changes.retain(|change| !changed.contains(&change.path));
    if changes.is_empty() {
        return Ok(0);
    }
    for (action, permission) in &mut permissions {
        if changes.iter().any(|change| change.path == path(action)) {
            *permission = false.into();
        }
    }
    let (id, now): (AuditEventId, _) = (environment.id(), environment.now());
    execute(on, STORE, [row.id.clone().into(), json(&permissions)?.into(), now.into()]).await?;
    let event = [
        id.to_string().into(),
        row.organization_id.into(),
        row.project_id.into(),
        row.id.into(),
        row.provider.into(),
        AuditAction::IntegrationLifecycleUpdated.as_str().into(),
        Actor::System.kind().as_str().into(),
        json(&changes)?.into(),
        now.into(),
    ];
    execute(on, RECORD, event).await?;
    Ok(changes.len() as u64)
}

/// The path of a permission in an audit event.
fn path(action: &str) -> String {
    format!("action_permissions.{action}")
}

/// The paths of what people changed, by changes that named a permission.
async fn changed(on: &Transaction, row: &Row) -> Result<Vec<String>, StoreError> {
    let of = [row.project_id.clone().into(), row.provider.clone().into(), row.id.clone().into()];
    let mut paths = Vec::new();
    for event in query(on, CHANGES, of).await? {
        let changes: String = event.try_get("", "changes")?;
        let damaged = |_| StoreError::Damaged(format!("an audit event of integration {}", row.id));
        let changes: Vec<Change> = serde_json::from_str(&changes).map_err(damaged)?;
        paths.extend(changes.into_iter().map(|change| change.path));
    }
    Ok(paths)
}

async fn query(
    on: &Transaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.query_all_raw(statement).await?)
}

async fn execute(
    on: &Transaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    on.execute_raw(statement).await?;
    Ok(())
}
