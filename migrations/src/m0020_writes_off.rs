//! Marks that the actions which write, and which earlier versions permitted by default, are turned off where nobody had
//! permitted them.
//!
//! The store turns them off before it runs this, in batches: each changed integration gets a version and an audit event
//! with an id of its own, and SQL alone cannot make those.

use sea_orm_migration::prelude::*;

/// Its name in the list of migrations.
pub const NAME: &str = "m0020_writes_off";

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

    async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }

    /// Does nothing: what was turned off stays off.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
