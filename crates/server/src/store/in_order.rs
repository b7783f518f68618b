//! The order in which statements over several rows lock them.

use sea_orm::{
    ColumnTrait, ConnectionTrait as _, DbBackend, DbErr, EntityTrait, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Select,
    sea_query::{Expr, IntoCondition},
};

use super::transaction::Transaction;

/// The condition that a row is one of those that meet `of`, which are locked in the order of `id`, its primary key.
///
/// PostgreSQL locks the rows of an UPDATE or DELETE in the order in which it finds them. Two statements that find the
/// same rows in different orders would wait for each other, and one of them would fail as a deadlock. SQLite has one
/// writer at a time, and locks no rows.
pub(super) fn locked_in_order<E: EntityTrait>(id: E::Column, of: impl IntoCondition) -> Expr {
    id.in_subquery(locking::<E>(id, of).into_query())
}

/// Locks the rows that meet `of` in the same order, before statements that change them one by one. A transaction that
/// reads a row FOR SHARE and changes it later must lock it here first: two of them would hold the row shared, and each
/// would wait for the other to let it go.
pub(super) async fn lock_in_order<E: EntityTrait>(
    on: &Transaction,
    id: E::Column,
    of: impl IntoCondition,
) -> Result<(), DbErr> {
    if on.get_database_backend() == DbBackend::Postgres {
        found_in_order::<E>(on, id, of).await?;
    }
    Ok(())
}

/// Locks the rows that meet `of` in the same order, and returns their ids: for a statement that changes few rows of
/// many, and finds none as a rule. Given a condition that locks, PostgreSQL would look at each row.
pub(super) async fn found_in_order<E: EntityTrait>(
    on: &Transaction,
    id: E::Column,
    of: impl IntoCondition,
) -> Result<Vec<String>, DbErr> {
    locking::<E>(id, of).into_tuple::<String>().all(on).await
}

fn locking<E: EntityTrait>(id: E::Column, of: impl IntoCondition) -> Select<E> {
    E::find().select_only().column(id).filter(of).order_by_asc(id).lock_exclusive()
}
