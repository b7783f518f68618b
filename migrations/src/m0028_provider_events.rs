//! Events that providers send: their addresses, what they are verified with, and what was taken.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, bytes, id, index, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SOURCES: &str = "event_sources";
const SECRETS: &str = "event_secrets";
const EVENTS: &str = "provider_events";
const ONCE: &str = "event_once";
const REFUSALS: &str = "event_refusals";
const FORWARDED: &str = "webhook_events";
const FORWARDED_EVENT: &str = "provider_event_id";
const FORWARDED_INDEX: &str = "webhook_events_provider_event";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [sources(), secrets(), events(), once(), refusals()] {
            manager.create_table(table).await?;
        }
        // The event whose body goes into the message when it is sent. It is no foreign key: bodies go earlier.
        let column = ColumnDef::new(FORWARDED_EVENT).text().to_owned();
        manager.alter_table(Table::alter().table(FORWARDED).add_column(column).to_owned()).await?;
        for index in [
            index(SOURCES, "event_sources_integration", &["integration_id"]).unique().to_owned(),
            index(SOURCES, "event_sources_app", &["provider", "app_owner"]).unique().to_owned(),
            index(SECRETS, "event_secrets_source", &["source_id"]),
            // Two events at one address are the same if these are equal. One whose claim has ended has no `dedupe`.
            index(EVENTS, "provider_events_claims", &["source_id", "integration_id", "dedupe"])
                .unique()
                .to_owned(),
            // Ids sort by time, so reading these backwards gives the newest events first.
            index(EVENTS, "provider_events_integration", &["integration_id", "id"]),
            index(EVENTS, "provider_events_project", &["project_id", "id"]),
            index(EVENTS, "provider_events_received_at", &["received_at"]),
            index(ONCE, "event_once_expires_at", &["expires_at"]),
            index(FORWARDED, FORWARDED_INDEX, &[FORWARDED_EVENT])
                .and_where(Expr::col(FORWARDED_EVENT).is_not_null())
                .to_owned(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().table(FORWARDED).name(FORWARDED_INDEX).to_owned()).await?;
        let drop = Table::alter().table(FORWARDED).drop_column(FORWARDED_EVENT).to_owned();
        manager.alter_table(drop).await?;
        for table in [REFUSALS, ONCE, EVENTS, SECRETS, SOURCES] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// An address: of an integration, or of an OAuth app, which may be the operator's and have no row.
fn sources() -> TableCreateStatement {
    Table::create()
        .table(SOURCES)
        .col(id())
        // The provider's key.
        .col(text("provider"))
        .col(ColumnDef::new("integration_id").text())
        // Whose app it is: `*` for all, or an organization's or a project's id.
        .col(ColumnDef::new("app_owner").text())
        // The SHA-256 of the secret in the path, and the secret itself, sealed. Null: nobody has asked for the address
        // since the integration was connected.
        .col(ColumnDef::new("path_hash").binary())
        .col(ColumnDef::new("sealed_path").binary())
        // Until when the provider's first request may bring the secret.
        .col(optional_time("awaited_until"))
        .col(time("created_at"))
        .foreign_key(&mut belongs_to(SOURCES, "integration_id", "integrations"))
        .check(Expr::cust("(integration_id IS NULL) <> (app_owner IS NULL)"))
        .check(Expr::cust("(path_hash IS NULL) = (sealed_path IS NULL)"))
        .to_owned()
}

/// What events are verified with. One that is replaced may count for a while longer.
fn secrets() -> TableCreateStatement {
    Table::create()
        .table(SECRETS)
        .col(id())
        .col(text("source_id"))
        .col(bytes("sealed"))
        // Whether the provider brought it, and no person has seen it yet.
        .col(ColumnDef::new("to_be_shown").boolean().not_null().default(false))
        .col(time("created_at"))
        // Null: it counts until it is replaced.
        .col(optional_time("retires_at"))
        .foreign_key(belongs_to(SECRETS, "source_id", SOURCES).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}

/// What was taken, once for each integration. The row is the claim too, and outlives the body.
fn events() -> TableCreateStatement {
    Table::create()
        .table(EVENTS)
        .col(id())
        .col(text("project_id"))
        .col(text("integration_id"))
        .col(text("source_id"))
        .col(ColumnDef::new("provider_event_id").text())
        .col(ColumnDef::new("kind").text())
        .col(ColumnDef::new("account").text())
        .col(optional_time("occurred_at"))
        .col(ColumnDef::new("attempt").big_integer())
        .col(ColumnDef::new("is_repeat").boolean().not_null())
        // JSON object: the headers that matter.
        .col(text("headers"))
        .col(ColumnDef::new("is_body_signed").boolean().not_null())
        // The body, sealed; empty once it is not kept any more.
        .col(bytes("sealed"))
        .col(text("body_sha256"))
        .col(ColumnDef::new("body_size").big_integer().not_null())
        .col(time("received_at"))
        .col(ColumnDef::new("dedupe").text())
        .col(time("claimed_until"))
        .to_owned()
}

/// What may be used only once.
fn once() -> TableCreateStatement {
    Table::create()
        .table(ONCE)
        .col(text("source_id"))
        .col(text("key"))
        .col(text("bound_to"))
        .col(time("expires_at"))
        .primary_key(Index::create().col("source_id").col("key"))
        .foreign_key(belongs_to(ONCE, "source_id", SOURCES).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}

/// How often what was refused at an address.
fn refusals() -> TableCreateStatement {
    Table::create()
        .table(REFUSALS)
        .col(text("source_id"))
        .col(text("reason"))
        // What type the request claimed to be; empty: none.
        .col(text("kind"))
        .col(ColumnDef::new("count").big_integer().not_null())
        .col(time("last_at"))
        .primary_key(Index::create().col("source_id").col("reason").col("kind"))
        .foreign_key(belongs_to(REFUSALS, "source_id", SOURCES).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}
