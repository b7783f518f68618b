//! Runs: calls of actions at providers, and what they reserve of the limits over time.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, bytes, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const RUNS: &str = "action_runs";
const RESERVATIONS: &str = "action_reservations";

const KINDS: [&str; 3] = ["read_only", "write", "destructive"];
const STATUSES: [&str; 9] = [
    "requested",
    "pending_approval",
    "sending",
    "succeeded",
    "accepted",
    "failed",
    "unknown",
    "denied",
    "expired",
];
const DENIED_BY: [&str; 3] = ["permission", "guard", "person"];
/// Texts that a run may lack. `context`, `result` and `reasons` are JSON.
const OPTIONAL: [&str; 9] = [
    "account_id",
    "request_id",
    "context",
    "result",
    "error_code",
    "error_message",
    "reasons",
    "approval_id",
    "attempt",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(runs()).await?;
        manager.create_table(reservations()).await?;
        for index in [
            // Ids sort by time, so reading these backwards gives the newest runs first.
            index(RUNS, "action_runs_project", &["project_id", "id"]),
            index(RUNS, "action_runs_project_status", &["project_id", "status", "id"]),
            // Every replica asks every few seconds what has been abandoned.
            index(RUNS, "action_runs_sending", &["sending_until"])
                .and_where(Expr::col("status").eq("sending"))
                .to_owned(),
            index(
                RESERVATIONS,
                "action_reservations_total",
                &["integration_id", "action", "total", "subject", "created_at"],
            ),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [RESERVATIONS, RUNS] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// A run belongs to its integration, whose project never changes.
fn runs() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(RUNS)
        .col(id())
        .col(text("organization_id"))
        .col(text("project_id"))
        .col(text("integration_id"))
        .col(text("provider"))
        .col(text("action"))
        .col(one_of("kind", &KINDS).not_null())
        .col(one_of("status", &STATUSES).not_null())
        // The SHA-256 of what the provider's file says of the action.
        .col(bytes("definition"))
        // The key or the person that called.
        .col(text("principal"))
        // JSON objects. Sensitive inputs are redacted.
        .col(text("input"))
        .col(text("evidence"))
        // The SHA-256 of who calls what with which input.
        .col(bytes("input_hash"))
        // What is sent, sealed.
        .col(ColumnDef::new("request").binary())
        .col(ColumnDef::new("provider_status").integer())
        .col(one_of("denied_by", &DENIED_BY))
        .col(time("created_at"))
        .col(optional_time("approval_expires_at"))
        .col(optional_time("sent_at"))
        .col(optional_time("sending_until"))
        .col(optional_time("finished_at"));
    for column in OPTIONAL {
        table.col(ColumnDef::new(column).text());
    }
    table
        .foreign_key(&mut belongs_to(RUNS, "integration_id", "integrations"))
        .check(Expr::cust("(status = 'sending') = (sending_until IS NOT NULL)"))
        .check(Expr::cust("(status = 'denied') = (denied_by IS NOT NULL)"))
        .check(Expr::cust("(status IN ('requested', 'pending_approval', 'sending')) = (finished_at IS NULL)"))
        .to_owned()
}

/// What runs count towards limits over time: an amount of money in its currency's smallest unit, or one call. They go
/// with their run, and before it if nothing was done.
fn reservations() -> TableCreateStatement {
    Table::create()
        .table(RESERVATIONS)
        .col(text("run_id"))
        .col(text("integration_id"))
        .col(text("action"))
        .col(text("total"))
        .col(text("subject"))
        .col(ColumnDef::new("currency").text())
        .col(ColumnDef::new("amount").big_integer().not_null())
        .col(time("created_at"))
        .primary_key(Index::create().col("run_id").col("total"))
        .foreign_key(belongs_to(RESERVATIONS, "run_id", RUNS).on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}
