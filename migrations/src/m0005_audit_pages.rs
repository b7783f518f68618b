//! The audit log's acting one as a column, and an index for each pair of filters: a page by provider and action is then
//! a range of one index, however much else each of the two matches.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "audit_events";
const ACTOR: &str = "actor";
/// Indexes and the columns that they narrow by, within a project. Each ends with the id, by which pages go.
const INDEXES: [(&str, &[&str]); 4] = [
    ("audit_events_project_actor", &[ACTOR]),
    ("audit_events_project_provider_action", &["provider", "action"]),
    ("audit_events_project_provider_actor", &["provider", ACTOR]),
    ("audit_events_project_action_actor", &["action", ACTOR]),
];
/// What the index by actor takes the place of.
const BY_KEY: (&str, &str) = ("audit_events_project_key", "actor_key_id");

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().table(TABLE).name(BY_KEY.0).to_owned()).await?;
        // SQLite adds no stored column, PostgreSQL before 18 knows no other.
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
