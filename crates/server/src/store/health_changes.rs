//! The changes of integrations' health. Each is stored in the transaction that makes it.

use integrations_core::{health_history::HealthChange, integration::Integration};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, Statement};
use time::OffsetDateTime;

use super::{
    ReadError, Store, StoreError, Tenant, entity::health_change, statements, transaction::Transaction,
};

/// The most changes of an integration that are read. A probe every quarter of an hour makes no more in 35 days.
const MOST: u32 = 4_000;

impl Store {
    /// The changes of the health of a tenant's integration that are kept, in the order in which they were made.
    /// `provider` is as the path names it.
    pub async fn health_changes(
        &self,
        tenant: &Tenant,
        provider: &str,
    ) -> Result<Vec<HealthChange>, ReadError> {
        let values = [tenant.project.to_string().into(), provider.into()];
        let statement =
            Statement::from_sql_and_values(self.backend(), statements::health_changes(MOST), values);
        let rows = self.reader.query_all_raw(statement).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows.iter().rev() {
            // A project without this integration has one row, of itself.
            let Some(health) = row.try_get::<Option<String>>("", "health")? else { continue };
            let health = health.parse().map_err(|_| StoreError::Damaged(format!("the health {health}")))?;
            changes.push(HealthChange { at: row.try_get("", "changed_at")?, health });
        }
        Ok(changes)
    }

    /// Deletes up to `batch` changes that were followed by another one before a given time. What was known at that time
    /// stays. Returns how many.
    pub async fn prune_health_changes(&self, before: OffsetDateTime, batch: u32) -> Result<u64, StoreError> {
        let sql = statements::prune_health_changes(batch, self.backend());
        let statement = Statement::from_sql_and_values(self.backend(), sql, [before.into()]);
        Ok(self.writer.execute_raw(statement).await?.rows_affected())
    }
}

/// Records the health of an integration from this version on.
pub(super) async fn record(on: &Transaction, integration: &Integration) -> Result<(), StoreError> {
    let row = health_change::Model {
        integration_id: integration.id.to_string(),
        version: integration.version,
        health: integration.health.as_str().to_owned(),
        changed_at: integration.updated_at,
    };
    health_change::Entity::insert(health_change::ActiveModel::from(row)).exec_without_returning(on).await?;
    Ok(())
}
