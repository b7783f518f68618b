//! Amends the definition of a table on SQLite, which has no statement to drop or replace a constraint.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

/// Replaces texts of a table's definition, by making the table anew with its rows and indexes, as
/// <https://www.sqlite.org/lang_altertable.html#otheralter> describes. The table must have no other table that refers
/// to it. Fails if the definition does not contain one of the texts.
pub(crate) async fn amend(
    manager: &SchemaManager<'_>,
    table: &str,
    replacements: &[(&str, &str)],
) -> Result<(), DbErr> {
    let on = manager.get_connection();
    let new = format!("{table}_amended");
    let mut definition =
        texts(on, "SELECT sql AS text FROM sqlite_master WHERE type = 'table' AND name = $1", table)
            .await?
            .pop()
            .unwrap_or_default()
            .replacen(&format!("\"{table}\""), &format!("\"{new}\""), 1);
    for (from, to) in replacements {
        if !definition.contains(from) {
            return Err(DbErr::Migration(format!("the table {table} is not defined with: {from}")));
        }
        definition = definition.replace(from, to);
    }
    let indexes =
        "SELECT sql AS text FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL";
    let indexes = texts(on, indexes, table).await?;
    // Generated columns are not among these.
    let columns =
        texts(on, "SELECT '\"' || name || '\"' AS text FROM pragma_table_info($1)", table).await?.join(", ");
    for statement in [
        definition,
        format!("INSERT INTO \"{new}\" ({columns}) SELECT {columns} FROM \"{table}\""),
        format!("DROP TABLE \"{table}\""),
        format!("ALTER TABLE \"{new}\" RENAME TO \"{table}\""),
    ]
    .into_iter()
    .chain(indexes)
    {
        on.execute_unprepared(&statement).await?;
    }
    Ok(())
}

async fn texts(on: &SchemaManagerConnection<'_>, sql: &str, table: &str) -> Result<Vec<String>, DbErr> {
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [table.into()]);
    on.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "text")).collect()
}
