//! Sign-ins with a provider that are under way, and the logout tokens that were used.

use sea_orm_migration::prelude::*;

use crate::columns::{bytes, index, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SIGN_INS: &str = "sign_ins";
const LOGOUTS: &str = "logout_tokens";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The SHA-256 of the state. The browser has the secret from which state, nonce and verifier are made.
        let mut sign_ins = Table::create();
        sign_ins
            .table(SIGN_INS)
            .col(bytes("state_hash").primary_key())
            .col(text("page"))
            .col(ColumnDef::new("is_fresh").boolean().not_null())
            .col(time("expires_at"));
        // The SHA-256 of the token's id.
        let mut logouts = Table::create();
        logouts.table(LOGOUTS).col(bytes("id_hash").primary_key()).col(time("expires_at"));
        for table in [sign_ins, logouts] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(index("dashboard_sessions", "dashboard_sessions_principal", &["api_key_id"]))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().table("dashboard_sessions").name("dashboard_sessions_principal").to_owned();
        manager.drop_index(index).await?;
        for table in [LOGOUTS, SIGN_INS] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
