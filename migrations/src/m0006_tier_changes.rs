//! When an API key's tier was changed. Replicas ask for these changes together with revocations.

use sea_orm_migration::prelude::*;

use crate::columns::{index, optional_time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "api_keys";
const COLUMN: &str = "tier_changed_at";
const INDEX: &str = "api_keys_tier_changed_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table(TABLE).to_owned();
        manager.alter_table(table.add_column(optional_time(COLUMN)).to_owned()).await?;
        manager.create_index(index(TABLE, INDEX, &[COLUMN])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().table(TABLE).name(INDEX).to_owned()).await?;
        let mut table = Table::alter().table(TABLE).to_owned();
        manager.alter_table(table.drop_column(COLUMN).to_owned()).await
    }
}
