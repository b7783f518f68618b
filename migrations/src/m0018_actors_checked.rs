//! Reads the whole audit log once, to see that the checks of its actors hold for what was there before them.
//!
//! This takes as long as the log is big. PostgreSQL lets everybody read and write meanwhile, but only in a transaction
//! that has changed nothing else of the table: see
//! [`IN_TRANSACTIONS_OF_THEIR_OWN`](crate::IN_TRANSACTIONS_OF_THEIR_OWN).

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Its name in the list of migrations.
pub(crate) const NAME: &str = "m0018_actors_checked";

const VALIDATE: &str = "ALTER TABLE audit_events VALIDATE CONSTRAINT audit_events_actor_kind_check, \
     VALIDATE CONSTRAINT audit_events_check";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        NAME
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Does nothing on SQLite, which checked every row when it made the table anew.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(VALIDATE).await?;
        }
        Ok(())
    }

    /// Does nothing: the checks go with the migration that made them.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
