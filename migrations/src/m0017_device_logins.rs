//! Device logins: a program without a browser gets an API key that a signed-in person approves.

use sea_orm_migration::prelude::*;

use crate::columns::{bytes, id, index, one_of, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "device_logins";
const STATUSES: [&str; 5] = ["pending", "claimed", "approved", "denied", "consumed"];
/// Who looked the code up, and what they granted.
const OPTIONAL: [&str; 5] = ["session_id", "principal", "organization_id", "scopes", "projects"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table(TABLE)
            .col(id())
            // The SHA-256 of both codes.
            .col(bytes("device_hash").unique_key())
            .col(bytes("user_code_hash").unique_key())
            .col(text("client_name"))
            .col(text("address"))
            .col(one_of("status", &STATUSES).not_null())
            .col(ColumnDef::new("life_seconds").big_integer())
            .col(time("created_at"))
            .col(time("expires_at"));
        for column in OPTIONAL {
            table.col(ColumnDef::new(column).text());
        }
        manager.create_table(table).await?;
        manager.create_index(index(TABLE, "device_logins_expires_at", &["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).to_owned()).await
    }
}
