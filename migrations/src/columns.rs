//! Makes the columns, keys and indexes of tables.

use sea_orm_migration::{prelude::*, sea_query::ForeignKeyCreateStatement};

/// A primary key of typed ids.
pub(crate) fn id() -> ColumnDef {
    ColumnDef::new("id").text().not_null().primary_key().to_owned()
}

/// A text column that is never null.
pub(crate) fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

/// A column of bytes that is never null.
pub(crate) fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary().not_null().to_owned()
}

/// A time in UTC that is never null.
pub(crate) fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().not_null().to_owned()
}

/// A time in UTC, or null.
pub(crate) fn optional_time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().to_owned()
}

/// An enum as text, with a CHECK for its values.
pub(crate) fn one_of(name: &'static str, values: &[&'static str]) -> ColumnDef {
    ColumnDef::new(name).text().check(Expr::col(name).is_in(values.iter().copied())).to_owned()
}

/// A foreign key to another table's id.
pub(crate) fn belongs_to(
    table: &'static str,
    column: &'static str,
    parent: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(parent, "id").to_owned()
}

/// An index over these columns.
pub(crate) fn index(
    table: &'static str,
    name: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.table(table).name(name);
    columns.iter().for_each(|column| {
        index.col(*column);
    });
    index
}
