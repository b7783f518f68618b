//! On SQLite, times that SQL compares become text with six digits after the second, so that they sort in time order.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COMPARED: [(&str, &str); 5] = [
    ("monitors", "due_at"),
    ("monitors", "probe_at"),
    ("monitors", "refresh_at"),
    ("monitors", "not_before"),
    ("integrations", "last_synced_at"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        for (table, column) in COMPARED {
            let sql = format!(
                "UPDATE {table} SET {column} = substr(rtrim({column}, 'Z') || \
                 CASE WHEN instr({column}, '.') THEN '' ELSE '.' END || '000000', 1, 26) || 'Z' \
                 WHERE {column} IS NOT NULL"
            );
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// Does nothing: only the format changed, not the times.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
