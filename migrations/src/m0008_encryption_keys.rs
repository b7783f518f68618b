//! The canaries of the encryption keys, by which a server recognizes that it was given the right ones.

use sea_orm_migration::prelude::*;

use crate::columns::{bytes, id, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "encryption_keys";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table(TABLE).col(id()).col(bytes("canary")).col(time("created_at"));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).to_owned()).await
    }
}
