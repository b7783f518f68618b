//! When each integration is due for a probe or a refresh, and which replica has the lease on it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::{belongs_to, index, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Every connected integration is due at once. Its tokens are refreshed at the latest when the access token expires.
const MONITOR_EXISTING: &str = "INSERT INTO monitors \
     (integration_id, provider, due_at, probe_at, refresh_at, failures, lease_count) \
     SELECT i.id, i.provider, i.updated_at, i.updated_at, c.expires_at, 0, 0 \
     FROM integrations i JOIN credentials c ON c.integration_id = i.id WHERE i.status <> 'disconnected'";

/// Each lease and its end leave dead entries at the front of the index. The next query for due rows must read past
/// them.
const VACUUM_OFTEN: &str =
    "ALTER TABLE monitors SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(monitors()).await?;
        // Finds the due rows of one provider, the longest overdue first.
        manager.create_index(index("monitors", "monitors_provider_due", &["provider", "due_at"])).await?;
        let dead_at = Table::alter().table("credentials").add_column(optional_time("dead_at")).to_owned();
        manager.alter_table(dead_at).await?;
        manager.get_connection().execute_unprepared(MONITOR_EXISTING).await?;
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
        // When it is due for a probe or a refresh. While it is leased, this is the end of the lease.
        .col(time("due_at"))
        .col(time("probe_at"))
        .col(optional_time("refresh_at"))
        // The provider asks for no requests before this time.
        .col(optional_time("not_before"))
        .col(ColumnDef::new("failures").integer().not_null())
        .col(ColumnDef::new("lease_owner").text())
        // How many leases in a row were not given back. More than one means that another replica took the first over.
        .col(ColumnDef::new("lease_count").integer().not_null())
        // The lease under which the refresh token was sent, until the result is known.
        .col(ColumnDef::new("refresh_begun_by").text())
        .foreign_key(&mut belongs_to("monitors", "integration_id", "integrations"))
        .to_owned()
}
