//! When to look at the provider for what came of a run whose answer was lost.

use sea_orm_migration::prelude::*;

use crate::columns::{index, optional_time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const RUNS: &str = "action_runs";
const INDEX: &str = "action_runs_look_at";
const AFTER: &str = "look_after";
const AT: &str = "look_at";
const ABSENCES: &str = "look_absences";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for mut column in [
            // Seconds from the end until the provider can show what was done. Null: there is nothing to look for.
            ColumnDef::new(AFTER).integer().to_owned(),
            // When the next look is due, or when the one that is under way counts as abandoned.
            optional_time(AT),
            // How many looks found nothing.
            ColumnDef::new(ABSENCES).integer().not_null().default(0).to_owned(),
        ] {
            manager.alter_table(Table::alter().table(RUNS).add_column(&mut column).to_owned()).await?;
        }
        // Every replica asks every second what is due.
        let due = index(RUNS, INDEX, &[AT]).and_where(Expr::col(AT).is_not_null()).to_owned();
        manager.create_index(due).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table(RUNS).to_owned()).await?;
        for column in [ABSENCES, AT, AFTER] {
            manager.alter_table(Table::alter().table(RUNS).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
