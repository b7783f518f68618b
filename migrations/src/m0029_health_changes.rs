//! The changes of integrations' health, from which its history is drawn.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, index, one_of, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const HEALTH_CHANGES: &str = "health_changes";
const HEALTH: [&str; 4] = ["healthy", "degraded", "unhealthy", "unknown"];

/// The health of what is there has been the same at least since the last revision, as each change of it makes one.
const PRESENT_HEALTH: &str = "INSERT INTO health_changes (integration_id, version, health, changed_at) \
     SELECT id, version, health_status, updated_at FROM integrations";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(health_changes()).await?;
        manager.get_connection().execute_unprepared(PRESENT_HEALTH).await?;
        // Finds what is old.
        manager.create_index(index(HEALTH_CHANGES, "health_changes_changed_at", &["changed_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(HEALTH_CHANGES).to_owned()).await
    }
}

fn health_changes() -> TableCreateStatement {
    Table::create()
        .table(HEALTH_CHANGES)
        .col(text("integration_id"))
        // The version of the integration that has this health first.
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(one_of("health", &HEALTH).not_null())
        .col(time("changed_at"))
        .primary_key(Index::create().col("integration_id").col("version"))
        .foreign_key(&mut belongs_to(HEALTH_CHANGES, "integration_id", "integrations"))
        .to_owned()
}
