//! The order in which statements over several rows lock them.

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    sea_query::{Expr, IntoCondition},
};

/// The condition that a row is one of those that meet `of`, which are locked in the order of `id`, its primary key.
///
/// PostgreSQL locks the rows of an UPDATE or DELETE in the order in which it finds them. Two statements that find the
/// same rows in different orders would wait for each other, and one of them would fail as a deadlock. SQLite has one
/// writer at a time, and locks no rows.
pub(super) fn locked_in_order<E: EntityTrait>(id: E::Column, of: impl IntoCondition) -> Expr {
    let rows = E::find().select_only().column(id).filter(of).order_by_asc(id).lock_exclusive();
    id.in_subquery(rows.into_query())
}
