//! The chain over each organization's audit log, and what waits to be put into it.
//!
//! The chain of an organization that exists begins with this migration: what was recorded before is in none. Servers of
//! the version before record events that do not wait to be chained, so it covers only what is recorded an hour later,
//! or is in it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::{optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 4] = ["audit_pending", "audit_chain", "audit_chain_heads", "audit_stream"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [pending(), links(), heads(), stream()] {
            manager.create_table(table).await?;
        }
        let covers_from = match manager.get_database_backend() {
            DbBackend::Postgres => "CURRENT_TIMESTAMP + INTERVAL '1 hour'",
            // As the store writes times, so that they compare as text.
            _ => "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '+1 hour')",
        };
        let zeros = "0".repeat(64);
        let begin = format!(
            "INSERT INTO audit_chain_heads \
             (organization_id, number, hash, begins_after_number, begins_after_hash, covers_from) \
             SELECT id, 0, '{zeros}', 0, '{zeros}', {covers_from} FROM organizations"
        );
        manager.get_connection().execute_unprepared(&begin).await?;
        manager
            .get_connection()
            .execute_unprepared("INSERT INTO audit_stream (id) VALUES ('stream')")
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Events that were recorded and are not chained yet.
fn pending() -> TableCreateStatement {
    Table::create()
        .table("audit_pending")
        .col(text("organization_id"))
        .col(text("event_id"))
        .primary_key(Index::create().col("organization_id").col("event_id"))
        .to_owned()
}

/// The lines. There are no foreign keys, so that what is missing can be found.
fn links() -> TableCreateStatement {
    Table::create()
        .table("audit_chain")
        .col(text("organization_id"))
        .col(number("number"))
        .col(ColumnDef::new("event_id").text().not_null().unique_key())
        .col(text("line"))
        .col(text("hash"))
        .primary_key(Index::create().col("organization_id").col("number"))
        .to_owned()
}

fn heads() -> TableCreateStatement {
    Table::create()
        .table("audit_chain_heads")
        .col(ColumnDef::new("organization_id").text().not_null().primary_key())
        .col(number("number"))
        .col(text("hash"))
        // Where old events were removed to.
        .col(number("begins_after_number"))
        .col(text("begins_after_hash"))
        // An event in no chain that is older is one from before the chain.
        .col(time("covers_from"))
        // The last number that was sent to where the log is streamed.
        .col(number("streamed").default(0).to_owned())
        .to_owned()
}

/// One row: which server streams the log.
fn stream() -> TableCreateStatement {
    Table::create()
        .table("audit_stream")
        .col(crate::columns::id())
        .col(ColumnDef::new("owner").text())
        .col(optional_time("until"))
        .to_owned()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}
