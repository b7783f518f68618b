//! Where a project has people told of what waits for one of them, and the messages that tell them.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const NOTICES: &str = "approval_notices";
const PROJECTS: &str = "projects";
const NOTIFY: &str = "approvals_notify";
// Of its approval, or that there are so many that the next ones are not told of.
const TELLS: [&str; 2] = ["one", "more"];
const STATUSES: [&str; 4] = ["waiting", "sent", "failed", "dropped"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(notices()).await?;
        for index in [
            // Every replica asks every second what is due.
            index(NOTICES, "approval_notices_due", &["due_at"])
                .and_where(Expr::col("due_at").is_not_null())
                .to_owned(),
            // How many a project had in the last minutes.
            index(NOTICES, "approval_notices_recent", &["project_id", "created_at"]),
            // The newest that failed.
            index(NOTICES, "approval_notices_failed", &["project_id", "approval_id"])
                .and_where(Expr::col("status").eq("failed"))
                .to_owned(),
        ] {
            manager.create_index(index).await?;
        }
        // JSON: provider, action and input. Null: nowhere.
        let column = ColumnDef::new(NOTIFY).text().to_owned();
        manager.alter_table(Table::alter().table(PROJECTS).add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(PROJECTS).drop_column(NOTIFY).to_owned()).await?;
        manager.drop_table(Table::drop().table(NOTICES).to_owned()).await
    }
}

/// A message goes with its approval.
fn notices() -> TableCreateStatement {
    Table::create()
        .table(NOTICES)
        .col(ColumnDef::new("approval_id").text().not_null().primary_key())
        .col(text("organization_id"))
        .col(text("project_id"))
        .col(one_of("tells", &TELLS).not_null())
        .col(one_of("status", &STATUSES).not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        // When it is sent next. Moved into the future by whoever sends it. Null: it has ended.
        .col(optional_time("due_at"))
        // The newest run that sends it.
        .col(ColumnDef::new("run_id").text())
        // Why it could not be sent.
        .col(ColumnDef::new("error").text())
        .col(time("created_at"))
        .col(optional_time("ended_at"))
        .foreign_key(belongs_to(NOTICES, "approval_id", "approvals").on_delete(ForeignKeyAction::Cascade))
        .check(Expr::cust("(status = 'waiting') = (due_at IS NOT NULL)"))
        .check(Expr::cust("(status = 'waiting') = (ended_at IS NULL)"))
        .to_owned()
}
