//! Reads the audit log to be exported: oldest first, in pages, each event as its line.

use integrations_core::{
    audit_chain::{Line, Recorded},
    ids::{AuditEventId, OrganizationId, ProjectId},
};
use sea_orm::{ConnectionTrait as _, Statement, Value};

use super::{AuditFilter, ReadError, Store, StoreError, Tenant, rows::ExportRow, statements, tenant::joined};

/// Whose events an operator exports.
#[derive(Clone, Copy, Debug)]
pub enum ExportOf {
    /// Those of an organization: of its projects, and of itself.
    Organization(OrganizationId),
    /// Those of a project.
    Project(ProjectId),
}

impl Store {
    /// Up to `limit` events after `after`, each with its id and its line: that of the chain, or one without a number if
    /// it is in none. `before` in the filter has no meaning here.
    pub async fn audit_lines(
        &self,
        of: ExportOf,
        filter: &AuditFilter,
        after: Option<AuditEventId>,
        limit: u16,
    ) -> Result<Vec<(AuditEventId, String)>, ReadError> {
        let (columns, wanted): (Vec<_>, Vec<_>) = filter.columns().into_iter().unzip();
        let (column, id) = match of {
            ExportOf::Organization(id) => ("organization_id", id.to_string()),
            ExportOf::Project(id) => ("project_id", id.to_string()),
        };
        let sql = statements::audit_export(column, &columns, limit);
        let statement =
            Statement::from_sql_and_values(self.backend(), sql, values(id, filter, after, wanted));
        let rows = self.reader.query_all_raw(statement).await?;
        rows.iter().filter_map(|row| joined(row).transpose()).map(|row| line(row?)).collect()
    }

    /// The same of a tenant's project.
    pub async fn audit_lines_of(
        &self,
        tenant: &Tenant,
        filter: &AuditFilter,
        after: Option<AuditEventId>,
        limit: u16,
    ) -> Result<Vec<(AuditEventId, String)>, ReadError> {
        let (columns, wanted): (Vec<_>, Vec<_>) = filter.columns().into_iter().unzip();
        let sql = statements::audit_export_of_tenant(&columns, limit);
        let values = values(tenant.project.to_string(), filter, after, wanted);
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.iter().filter_map(|row| joined(row).transpose()).map(|row| line(row?)).collect()
    }
}

fn values(id: String, filter: &AuditFilter, after: Option<AuditEventId>, wanted: Vec<String>) -> Vec<Value> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    let range = [id, after, filter.begin().to_string(), filter.end().to_string()];
    range.into_iter().chain(wanted).map(Value::from).collect()
}

fn line(row: ExportRow) -> Result<(AuditEventId, String), ReadError> {
    let damaged = |what: String| StoreError::Damaged(format!("audit event {}: {what}", row.id));
    let id = row.id.parse().map_err(|_| damaged("id".to_owned()))?;
    let line = match row.line {
        Some(line) => line,
        None => {
            let event = Recorded {
                id: row.id.clone(),
                organization: row.recorded_by,
                at: row.created_at,
                action: row.action,
                actor_kind: row.actor_kind,
                actor_id: row.actor_id,
                project: row.project_id,
                integration: row.integration_id,
                provider: row.provider,
                request_id: row.request_id,
                changes: row.changes,
            };
            Line::of(&event, None).write().map_err(|error| damaged(error.to_string()))?
        }
    };
    Ok((id, line))
}
