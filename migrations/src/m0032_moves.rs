//! Moves of integrations to other servers: what is on its way from here, and what has arrived here. And where the
//! database is, so that a copy of it is noticed.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, bytes, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const EXPORTS: &str = "exports";
const EXPORTED: &str = "exported_integrations";
const IMPORTS: &str = "imports";
const WHEREABOUTS: &str = "whereabouts";
const STATUSES: [&str; 3] = ["under_way", "moved", "cancelled"];
const CHOSEN: [&str; 2] = ["active", "paused"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(exports()).await?;
        manager.create_table(exported_integrations()).await?;
        // Finds the export that an integration is on its way by.
        let of_integration = index(EXPORTED, "exported_integrations_integration", &["integration_id"]);
        manager.create_index(of_integration).await?;
        manager.create_table(imports()).await?;
        manager.create_table(whereabouts()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [WHEREABOUTS, IMPORTS, EXPORTED, EXPORTS] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn exports() -> TableCreateStatement {
    Table::create()
        .table(EXPORTS)
        .col(id())
        .col(text("project_id"))
        // The receiver's public key.
        .col(text("recipient"))
        // Verifies the receipt.
        .col(bytes("receipt_key"))
        .col(one_of("status", &STATUSES).not_null())
        .col(time("created_at"))
        .col(optional_time("ended_at"))
        // The one that ended it, as JSON. Another genuine one proves a second import.
        .col(ColumnDef::new("receipt").text())
        .foreign_key(&mut belongs_to(EXPORTS, "project_id", "projects"))
        .to_owned()
}

fn exported_integrations() -> TableCreateStatement {
    Table::create()
        .table(EXPORTED)
        .col(text("export_id"))
        .col(text("integration_id"))
        // A credential of another version or time was connected here since, and does not go along.
        .col(ColumnDef::new("credential_version").big_integer().not_null())
        .col(time("connected_at"))
        // Whether it was in use or on hold.
        .col(one_of("chosen", &CHOSEN).not_null())
        .primary_key(Index::create().col("export_id").col("integration_id"))
        .foreign_key(&mut belongs_to(EXPORTED, "export_id", EXPORTS))
        .foreign_key(&mut belongs_to(EXPORTED, "integration_id", "integrations"))
        .to_owned()
}

/// An export is imported once, also after its project is gone, so nothing belongs to anything here.
fn imports() -> TableCreateStatement {
    Table::create()
        .table(IMPORTS)
        .col(ColumnDef::new("export_id").text().not_null().primary_key())
        .col(text("project_id"))
        .col(ColumnDef::new("integrations").big_integer().not_null())
        .col(time("imported_at"))
        .to_owned()
}

/// One row, of the database itself, once a server has started on it.
fn whereabouts() -> TableCreateStatement {
    Table::create()
        .table(WHEREABOUTS)
        .col(id())
        // What a copy elsewhere does not share.
        .col(text("place"))
        // Since when a server runs on what may be a copy.
        .col(optional_time("quiet_since"))
        .to_owned()
}
