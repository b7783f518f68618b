//! When an API key was last used.

use sea_orm_migration::prelude::*;

use crate::columns::optional_time;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "api_keys";
const COLUMN: &str = "last_used_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table(TABLE).to_owned();
        manager.alter_table(table.add_column(optional_time(COLUMN)).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table(TABLE).to_owned();
        manager.alter_table(table.drop_column(COLUMN).to_owned()).await
    }
}
