//! Organizations, projects, API keys, integrations with their credentials, and the audit log.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [organizations(), projects(), api_keys(), integrations(), credentials(), audit_events()]
        {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["audit_events", "credentials", "integrations", "api_keys", "projects", "organizations"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn organizations() -> TableCreateStatement {
    Table::create()
        .table("organizations")
        .col(id())
        .col(text("name"))
        .col(time("created_at"))
        .col(optional_time("revoked_at"))
        .to_owned()
}

fn projects() -> TableCreateStatement {
    Table::create()
        .table("projects")
        .col(id())
        .col(text("organization_id"))
        .col(text("name"))
        .col(time("created_at"))
        .col(optional_time("revoked_at"))
        .foreign_key(&mut belongs_to("projects", "organization_id", "organizations"))
        .to_owned()
}

fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(id())
        .col(text("organization_id"))
        .col(text("name"))
        .col(text("hint"))
        .col(ColumnDef::new("hash").binary().not_null().unique_key())
        .col(text("scopes"))
        .col(one_of("tier", &["starter", "pro", "scale", "enterprise"]).not_null())
        .col(time("created_at"))
        .col(optional_time("expires_at"))
        .col(optional_time("revoked_at"))
        .foreign_key(&mut belongs_to("api_keys", "organization_id", "organizations"))
        .to_owned()
}

fn integrations() -> TableCreateStatement {
    Table::create()
        .table("integrations")
        .col(id())
        .col(text("project_id"))
        .col(text("provider"))
        .col(one_of("setup_type", &["oauth", "api_key", "webhook_url"]).not_null())
        .col(one_of("status", &["active", "paused", "error", "disconnected"]).not_null())
        .col(one_of("status_before_error", &["active", "paused"]))
        .col(one_of("health_status", &["healthy", "degraded", "unhealthy", "unknown"]).not_null())
        .col(ColumnDef::new("display_name").text())
        .col(ColumnDef::new("sidebar_enabled").boolean().not_null())
        .col(optional_time("last_synced_at"))
        .col(ColumnDef::new("error_message").text())
        .col(text("settings"))
        .col(ColumnDef::new("sealed_settings").binary())
        .col(text("action_permissions"))
        .col(text("connection"))
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(time("created_at"))
        .col(time("updated_at"))
        .foreign_key(&mut belongs_to("integrations", "project_id", "projects"))
        // Only an integration in error has the status to return to.
        .check(Expr::cust("(status = 'error') = (status_before_error IS NOT NULL)"))
        .to_owned()
}

fn credentials() -> TableCreateStatement {
    Table::create()
        .table("credentials")
        .col(ColumnDef::new("integration_id").text().not_null().primary_key())
        .col(ColumnDef::new("sealed").binary().not_null())
        .col(optional_time("expires_at"))
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(time("created_at"))
        .col(time("updated_at"))
        .foreign_key(&mut belongs_to("credentials", "integration_id", "integrations"))
        .to_owned()
}

/// There are no foreign keys, because events stay when the objects that they are about are deleted.
fn audit_events() -> TableCreateStatement {
    Table::create()
        .table("audit_events")
        .col(id())
        .col(text("organization_id"))
        .col(ColumnDef::new("project_id").text())
        .col(ColumnDef::new("integration_id").text())
        .col(ColumnDef::new("provider").text())
        .col(text("action"))
        .col(one_of("actor_kind", &["api_key", "operator", "system"]).not_null())
        .col(ColumnDef::new("actor_key_id").text())
        .col(ColumnDef::new("request_id").text())
        .col(text("changes"))
        .col(time("created_at"))
        .check(Expr::cust("(actor_kind = 'api_key') = (actor_key_id IS NOT NULL)"))
        .to_owned()
}

fn indexes() -> [IndexCreateStatement; 5] {
    [
        // A project has at most one integration with each provider. Also used to list a project's integrations.
        index("integrations", "integrations_project_provider", &["project_id", "provider"])
            .unique()
            .to_owned(),
        index("projects", "projects_organization", &["organization_id"]),
        index("api_keys", "api_keys_organization", &["organization_id"]),
        // Each replica asks for revoked keys twice a second.
        index("api_keys", "api_keys_revoked_at", &["revoked_at"]),
        // Ids sort by time, so reading this index backwards gives the newest events first.
        index("audit_events", "audit_events_project", &["project_id", "id"]),
    ]
}
