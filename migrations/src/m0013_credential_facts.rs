//! What is shown of a credential without opening it: whether it can be renewed, and the scopes that were granted.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "credentials";
const RENEWABLE: &str = "renewable";
const SCOPES: &str = "granted_scopes";

/// A credential that is to be refreshed has a refresh token. One that never expires may have one too: it is sealed, and
/// this is found out when it is renewed.
const KNOWN: &str = "UPDATE credentials SET renewable = TRUE WHERE integration_id IN \
     (SELECT integration_id FROM monitors WHERE refresh_at IS NOT NULL)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for mut column in [
            ColumnDef::new(RENEWABLE).boolean().not_null().default(false).to_owned(),
            ColumnDef::new(SCOPES).text().to_owned(),
        ] {
            manager.alter_table(Table::alter().table(TABLE).add_column(&mut column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(KNOWN).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [SCOPES, RENEWABLE] {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
