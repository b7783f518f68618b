//! Webhooks, and the outbox of what they are told.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::{belongs_to, bytes, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const WEBHOOKS: &str = "webhooks";
const SECRETS: &str = "webhook_secrets";
const EVENTS: &str = "webhook_events";
const DELIVERIES: &str = "webhook_deliveries";
const ATTEMPTS: &str = "webhook_attempts";
const STREAMS: &str = "webhook_streams";
/// The number of the last event. PostgreSQL has a sequence for it, which locks nobody out.
const NUMBERS: &str = "webhook_event_numbers";

const STATUSES: [&str; 2] = ["active", "disabled"];
const DELIVERY_STATUSES: [&str; 4] = ["pending", "delivered", "failed", "dropped"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [webhooks(), secrets(), events(), deliveries(), attempts(), streams()] {
            manager.create_table(table).await?;
        }
        let is_pending = || Expr::col("status").eq("pending");
        for index in [
            index(WEBHOOKS, "webhooks_project", &["project_id", "id"]),
            index(SECRETS, "webhook_secrets_webhook", &["webhook_id"]),
            index(EVENTS, "webhook_events_project", &["project_id", "id"]),
            // Ids sort by time, so reading these backwards gives the newest deliveries first.
            index(DELIVERIES, "webhook_deliveries_webhook", &["webhook_id", "id"]),
            index(DELIVERIES, "webhook_deliveries_event", &["event_id"]),
            index(EVENTS, "webhook_events_created_at", &["created_at"]),
            // What a stream sends next.
            index(DELIVERIES, "webhook_deliveries_pending", &["webhook_id", "stream", "number"])
                .and_where(is_pending())
                .to_owned(),
            // Every replica asks several times a second what is due.
            index(STREAMS, "webhook_streams_due", &["due_at"]),
        ] {
            manager.create_index(index).await?;
        }
        let numbers = match manager.get_database_backend() {
            DbBackend::Postgres => format!("CREATE SEQUENCE {NUMBERS}"),
            _ => format!("CREATE TABLE {NUMBERS} (last INTEGER NOT NULL)"),
        };
        manager.get_connection().execute_unprepared(&numbers).await?;
        if manager.get_database_backend() != DbBackend::Postgres {
            let first = format!("INSERT INTO {NUMBERS} (last) VALUES (0)");
            manager.get_connection().execute_unprepared(&first).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kind = match manager.get_database_backend() {
            DbBackend::Postgres => "SEQUENCE",
            _ => "TABLE",
        };
        manager.get_connection().execute_unprepared(&format!("DROP {kind} {NUMBERS}")).await?;
        for table in [STREAMS, ATTEMPTS, DELIVERIES, EVENTS, SECRETS, WEBHOOKS] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn webhooks() -> TableCreateStatement {
    Table::create()
        .table(WEBHOOKS)
        .col(id())
        .col(text("project_id"))
        .col(text("url"))
        // JSON array: the patterns of what it is told.
        .col(text("events"))
        .col(one_of("status", &STATUSES).not_null())
        // Deliveries that were given up since the last success, and when the first of them was.
        .col(ColumnDef::new("failures").integer().not_null().default(0))
        .col(optional_time("failing_since"))
        .col(optional_time("last_triggered_at"))
        .col(time("created_at"))
        .foreign_key(&mut belongs_to(WEBHOOKS, "project_id", "projects"))
        .to_owned()
}

/// What messages are signed with. A secret that is replaced may count for a while longer.
fn secrets() -> TableCreateStatement {
    Table::create()
        .table(SECRETS)
        .col(id())
        .col(text("webhook_id"))
        .col(bytes("sealed"))
        .col(time("created_at"))
        // Null: it is the one that counts.
        .col(optional_time("retires_at"))
        .foreign_key(belongs_to(SECRETS, "webhook_id", WEBHOOKS).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}

/// What happened. It outlives what it speaks of, and the integration may be none.
fn events() -> TableCreateStatement {
    Table::create()
        .table(EVENTS)
        .col(id())
        .col(text("project_id"))
        .col(ColumnDef::new("integration_id").text())
        .col(text("kind"))
        // Where it stands among the events of its integration.
        .col(ColumnDef::new("number").big_integer().not_null())
        // The message, exactly as it is sent.
        .col(bytes("body"))
        .col(time("created_at"))
        .to_owned()
}

/// An event on its way to one webhook.
fn deliveries() -> TableCreateStatement {
    Table::create()
        .table(DELIVERIES)
        .col(id())
        .col(text("webhook_id"))
        .col(text("event_id"))
        // What is delivered in order: the id of the integration, or else of the event.
        .col(text("stream"))
        .col(ColumnDef::new("number").big_integer().not_null())
        .col(one_of("status", &DELIVERY_STATUSES).not_null())
        .col(ColumnDef::new("attempts").integer().not_null().default(0))
        // How many attempts there had been when it was last sent again on request; null: never.
        .col(ColumnDef::new("redelivered_after").integer())
        // What came of the last attempt.
        .col(ColumnDef::new("status_code").integer())
        .col(ColumnDef::new("error").text())
        .col(ColumnDef::new("duration_ms").big_integer())
        .col(optional_time("next_attempt_at"))
        .col(time("created_at"))
        .foreign_key(belongs_to(DELIVERIES, "webhook_id", WEBHOOKS).on_delete(ForeignKeyAction::Cascade))
        .foreign_key(belongs_to(DELIVERIES, "event_id", EVENTS).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}

fn attempts() -> TableCreateStatement {
    Table::create()
        .table(ATTEMPTS)
        .col(text("delivery_id"))
        .col(ColumnDef::new("number").integer().not_null())
        .col(time("at"))
        .col(ColumnDef::new("status_code").integer())
        .col(ColumnDef::new("error").text())
        .col(ColumnDef::new("duration_ms").big_integer().not_null())
        // The start of the receiver's answer.
        .col(text("answer"))
        .primary_key(Index::create().col("delivery_id").col("number"))
        .foreign_key(belongs_to(ATTEMPTS, "delivery_id", DELIVERIES).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}

/// There is a row for each stream that has something to send, and no other.
fn streams() -> TableCreateStatement {
    Table::create()
        .table(STREAMS)
        .col(text("webhook_id"))
        .col(text("stream"))
        // When it is sent, or when the lease of who sends it ends. Null: its webhook is disabled.
        .col(optional_time("due_at"))
        .col(ColumnDef::new("lease_owner").text())
        .primary_key(Index::create().col("webhook_id").col("stream"))
        .foreign_key(belongs_to(STREAMS, "webhook_id", WEBHOOKS).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}
