//! Installation in a browser: OAuth apps, install links, unfinished installs, the dashboard's sessions, and the account
//! that an integration is connected to.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, bytes, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 4] = ["pending_installs", "install_links", "oauth_apps", "dashboard_sessions"];
const ACCOUNT: [&str; 2] = ["account_id", "account_name"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite can add only one column in each statement.
        for column in ACCOUNT {
            let mut alter = Table::alter();
            alter.table("integrations").add_column(ColumnDef::new(column).text());
            manager.alter_table(alter).await?;
        }
        for table in [oauth_apps(), install_links(), pending_installs(), dashboard_sessions()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for column in ACCOUNT {
            manager.alter_table(Table::alter().table("integrations").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// `owner` is `*` for all, or the id of an organization or a project.
fn oauth_apps() -> TableCreateStatement {
    Table::create()
        .table("oauth_apps")
        .col(id())
        .col(text("provider"))
        .col(text("owner"))
        .col(text("client_id"))
        .col(bytes("sealed_secret"))
        .col(time("created_at"))
        .col(time("updated_at"))
        .to_owned()
}

fn install_links() -> TableCreateStatement {
    Table::create()
        .table("install_links")
        .col(id())
        .col(bytes("token_hash").unique_key())
        .col(text("organization_id"))
        .col(text("project_id"))
        .col(text("provider"))
        .col(text("api_key_id"))
        .col(time("created_at"))
        .col(time("expires_at"))
        .col(optional_time("used_at"))
        .foreign_key(&mut belongs_to("install_links", "project_id", "projects"))
        .foreign_key(&mut belongs_to("install_links", "api_key_id", "api_keys"))
        .to_owned()
}

/// An install between its first step and its last. `started` waits for the provider's redirect, `redeemed` has received
/// it, and `unconfirmed` waits for the person to confirm that the account is another one.
fn pending_installs() -> TableCreateStatement {
    Table::create()
        .table("pending_installs")
        .col(id())
        .col(one_of("status", &["started", "redeemed", "unconfirmed", "finished"]).not_null())
        .col(bytes("secret_hash").unique_key())
        .col(bytes("browser_hash"))
        .col(text("organization_id"))
        .col(text("project_id"))
        .col(text("provider"))
        .col(text("api_key_id"))
        .col(ColumnDef::new("link_id").text())
        .col(bytes("sealed"))
        .col(time("created_at"))
        .col(time("expires_at"))
        .foreign_key(&mut belongs_to("pending_installs", "project_id", "projects"))
        .foreign_key(&mut belongs_to("pending_installs", "api_key_id", "api_keys"))
        .to_owned()
}

fn dashboard_sessions() -> TableCreateStatement {
    Table::create()
        .table("dashboard_sessions")
        .col(id())
        .col(bytes("token_hash").unique_key())
        .col(text("organization_id"))
        .col(text("api_key_id"))
        .col(time("created_at"))
        .col(time("last_seen_at"))
        .col(time("expires_at"))
        .foreign_key(&mut belongs_to("dashboard_sessions", "api_key_id", "api_keys"))
        .to_owned()
}

fn indexes() -> [IndexCreateStatement; 4] {
    [
        index("oauth_apps", "oauth_apps_provider_owner", &["provider", "owner"]).unique().to_owned(),
        // The sweep finds expired rows by these.
        index("install_links", "install_links_expires_at", &["expires_at"]),
        index("pending_installs", "pending_installs_expires_at", &["expires_at"]),
        index("dashboard_sessions", "dashboard_sessions_expires_at", &["expires_at"]),
    ]
}
