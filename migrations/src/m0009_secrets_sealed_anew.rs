//! Marks that no secret is sealed in the form of earlier versions any more.
//!
//! Sealing them anew needs the encryption keys, which migrations do not have. The server does it before this one, in
//! batches, and a server does not start before this one has run.

use sea_orm_migration::prelude::*;

/// Its name in the list of migrations.
pub const NAME: &str = "m0009_secrets_sealed_anew";

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

    /// Does nothing: earlier versions cannot open today's form.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
