//! Where people go back to after an installation: the origins that a project allows, and what a link says of its end.
//! And how the pages that they see on the way present themselves.

use sea_orm_migration::prelude::*;

use crate::columns::{index, optional_time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const PROJECTS: &str = "projects";
const LINKS: &str = "install_links";
const INDEX: &str = "install_links_project";

/// Table and column. SQLite adds one at a time.
fn columns() -> [(&'static str, ColumnDef); 6] {
    let text = |name: &'static str| ColumnDef::new(name).text().to_owned();
    [
        // JSON. Null: none.
        (PROJECTS, text("return_origins")),
        // JSON. Null: as the operator has set for all.
        (PROJECTS, text("branding")),
        (LINKS, text("return_url")),
        // The caller's own text, which goes back with the person.
        (LINKS, text("return_state")),
        (LINKS, text("expected_account")),
        (LINKS, optional_time("ended_at")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        // Ids sort by time, so reading these backwards gives the newest links first.
        manager.create_index(index(LINKS, INDEX, &["project_id", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table(LINKS).to_owned()).await?;
        for (table, column) in columns().into_iter().rev() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
