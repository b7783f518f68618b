//! Finds calls that repeat one of the last minutes.

use sea_orm_migration::prelude::*;

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const RUNS: &str = "action_runs";
const NAME: &str = "action_runs_repeats";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Ids sort by time, so reading these backwards gives the newest run of a call first.
        manager.create_index(index(RUNS, NAME, &["project_id", "input_hash", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(NAME).table(RUNS).to_owned()).await
    }
}
