//! A column for the audit log's actor, and an index for each pair of filters. A page filtered by provider and action is
//! then a range of one index, however many rows each filter matches alone.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "audit_events";
const ACTOR: &str = "actor";
/// The name of each index, and the columns that it filters by within a project. Each ends with the id, which orders the
/// pages.
const INDEXES: [(&str, &[&str]); 4] = [
    ("audit_events_project_actor", &[ACTOR]),
    ("audit_events_project_provider_action", &["provider", "action"]),
    ("audit_events_project_provider_actor", &["provider", ACTOR]),
    ("audit_events_project_action_actor", &["action", ACTOR]),
];
/// The index that the index by actor replaces, and its column.
const BY_KEY: (&str, &str) = ("audit_events_project_key", "actor_key_id");

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().table(TABLE).name(BY_KEY.0).to_owned()).await?;
        // SQLite cannot add a stored generated column, and PostgreSQL before 18 has only stored ones.
        let stored = manager.get_database_backend() == DbBackend::Postgres;
        let mut actor = ColumnDef::new(ACTOR);
        actor.text().generated(Expr::cust("coalesce(actor_key_id, actor_kind)"), stored);
        manager.alter_table(Table::alter().table(TABLE).add_column(actor).to_owned()).await?;
        for (name, columns) in INDEXES {
            let columns = [&["project_id"], columns, &["id"]].concat();
            manager.create_index(index(TABLE, name, &columns)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            manager.drop_index(Index::drop().table(TABLE).name(name).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table(TABLE).drop_column(ACTOR).to_owned()).await?;
        manager.create_index(index(TABLE, BY_KEY.0, &["project_id", BY_KEY.1, "id"])).await
    }
}
