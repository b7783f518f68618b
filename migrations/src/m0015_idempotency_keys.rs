//! Requests with an `Idempotency-Key`, and their answers.

use sea_orm_migration::prelude::*;

use crate::columns::{bytes, id, index, optional_time, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "idempotency_keys";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(TABLE)
            .col(id())
            .col(bytes("fingerprint"))
            .col(ColumnDef::new("sealed_answer").binary())
            .col(ColumnDef::new("lease").text())
            .col(optional_time("leased_until"))
            .col(time("created_at"))
            .col(time("expires_at"))
            // A request is answered, or somebody works on it.
            .check(Expr::cust("(sealed_answer IS NULL) = (lease IS NOT NULL)"))
            .check(Expr::cust("(lease IS NULL) = (leased_until IS NULL)"))
            .to_owned();
        manager.create_table(table).await?;
        manager.create_index(index(TABLE, "idempotency_keys_by_expiry", &["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).to_owned()).await
    }
}
