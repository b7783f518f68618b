//! Indexes to read the audit log by provider, action and key. Each ends with the id, which orders the pages.

use sea_orm_migration::prelude::*;

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "audit_events";
/// The name of each index, and the column that it filters by within a project.
const INDEXES: [(&str, &str); 3] = [
    ("audit_events_project_provider", "provider"),
    ("audit_events_project_action", "action"),
    ("audit_events_project_key", "actor_key_id"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, column) in INDEXES {
            manager.create_index(index(TABLE, name, &["project_id", column, "id"])).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            manager.drop_index(Index::drop().table(TABLE).name(name).to_owned()).await?;
        }
        Ok(())
    }
}
