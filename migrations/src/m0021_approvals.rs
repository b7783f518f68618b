//! Approvals: calls of actions that wait for a person, and how a project has them decided.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const APPROVALS: &str = "approvals";
const PROJECTS: &str = "projects";
const STATUSES: [&str; 4] = ["pending", "approved", "denied", "expired"];
const DECIDERS: [&str; 2] = ["people", "people_and_keys"];
const PENDING: &str = "approvals_pending";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(approvals()).await?;
        let is_pending = || Expr::col("status").eq("pending");
        for index in [
            // Ids sort by time, so reading these backwards gives the newest approvals first.
            index(APPROVALS, "approvals_project", &["project_id", "id"]),
            index(APPROVALS, "approvals_project_status", &["project_id", "status", "id"]),
            index(APPROVALS, "approvals_run", &["run_id"]),
            // A person is asked once at a time about a run.
            index(APPROVALS, PENDING, &["run_id"]).unique().and_where(is_pending()).to_owned(),
            // Every replica asks every few seconds whose time is over.
            index(APPROVALS, "approvals_expiring", &["expires_at"]).and_where(is_pending()).to_owned(),
            // The same call as one that a person was asked about.
            index("action_runs", "action_runs_asked", &["integration_id", "input_hash", "id"])
                .and_where(Expr::col("approval_id").is_not_null())
                .to_owned(),
        ] {
            manager.create_index(index).await?;
        }
        for column in [
            // Null: people alone.
            one_of("approvals_decided_by", &DECIDERS),
            // Null: a day.
            ColumnDef::new("approvals_expire_after").integer().to_owned(),
        ] {
            manager.alter_table(Table::alter().table(PROJECTS).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["approvals_decided_by", "approvals_expire_after"] {
            manager.alter_table(Table::alter().table(PROJECTS).drop_column(column).to_owned()).await?;
        }
        manager.drop_index(Index::drop().table("action_runs").name("action_runs_asked").to_owned()).await?;
        manager.drop_table(Table::drop().table(APPROVALS).to_owned()).await
    }
}

/// An approval goes with its run.
fn approvals() -> TableCreateStatement {
    Table::create()
        .table(APPROVALS)
        .col(id())
        .col(text("run_id"))
        .col(text("organization_id"))
        .col(text("project_id"))
        // The provider, with the alias of a further account.
        .col(text("provider"))
        .col(one_of("status", &STATUSES).not_null())
        // The key or the person that asked.
        .col(text("principal"))
        // Who may decide, as it was at the asking.
        .col(one_of("deciders", &DECIDERS).not_null())
        // When the integration was connected, as it was at the asking.
        .col(optional_time("connected_at"))
        // JSON: what was read at the asking, and why a person is asked.
        .col(text("evidence"))
        .col(text("reasons"))
        .col(time("created_at"))
        .col(time("expires_at"))
        // The key or the person that decided.
        .col(ColumnDef::new("decided_by").text())
        .col(optional_time("decided_at"))
        .col(ColumnDef::new("note").text())
        .foreign_key(belongs_to(APPROVALS, "run_id", "action_runs").on_delete(ForeignKeyAction::Cascade))
        .check(Expr::cust("(status = 'pending') = (decided_at IS NULL)"))
        .check(Expr::cust("(status IN ('approved', 'denied')) = (decided_by IS NOT NULL)"))
        .to_owned()
}
