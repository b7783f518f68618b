//! When each integration is probed and its tokens are refreshed, and who is at it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::{belongs_to, index, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Everything that is connected is due at once; a refresh at the latest when the token ends.
const MONITOR_WHAT_IS_THERE: &str = "INSERT INTO monitors \
     (integration_id, provider, due_at, probe_at, refresh_at, failures, lease_count) \
     SELECT i.id, i.provider, i.updated_at, i.updated_at, c.expires_at, 0, 0 \
     FROM integrations i JOIN credentials c ON c.integration_id = i.id WHERE i.status <> 'disconnected'";

/// Every claim and its end leave dead entries at the front of the index, which claims have to pass.
const VACUUM_OFTEN: &str =
    "ALTER TABLE monitors SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(monitors()).await?;
        // What is due of one provider, the longest overdue first.
        manager.create_index(index("monitors", "monitors_provider_due", &["provider", "due_at"])).await?;
        let dead_at = Table::alter().table("credentials").add_column(optional_time("dead_at")).to_owned();
        manager.alter_table(dead_at).await?;
        manager.get_connection().execute_unprepared(MONITOR_WHAT_IS_THERE).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(VACUUM_OFTEN).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("monitors").to_owned()).await?;
        let dead_at = Table::alter().table("credentials").drop_column("dead_at").to_owned();
        manager.alter_table(dead_at).await
    }
}

/// A row for each integration with a credential that is not known to be dead.
fn monitors() -> TableCreateStatement {
    Table::create()
        .table("monitors")
        .col(ColumnDef::new("integration_id").text().not_null().primary_key())
        .col(text("provider"))
        // When somebody is to look after it; while it is leased, the end of the lease.
        .col(time("due_at"))
        .col(time("probe_at"))
        .col(optional_time("refresh_at"))
        // Before that the provider asks to be left alone.
        .col(optional_time("not_before"))
        .col(ColumnDef::new("failures").integer().not_null())
        .col(ColumnDef::new("lease_owner").text())
        // Leases in a row of which none was given back: more than one means that the first was taken over.
        .col(ColumnDef::new("lease_count").integer().not_null())
        // The lease under which the refresh token was sent, until it is known what came of it.
        .col(ColumnDef::new("refresh_begun_by").text())
        .foreign_key(&mut belongs_to("monitors", "integration_id", "integrations"))
        .to_owned()
}
