//! Pages of what belongs to one owner, newest first.

use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::Expr,
};

/// A page of up to `limit` of an owner's rows, newest first: those with an `id` below `before`. Ids sort by time.
///
/// The page is a range of the index over `owner` and `id`. The owner is part of the order and compared as a range, so
/// that PostgreSQL uses this index. If it were compared with `=`, PostgreSQL would read the primary key backwards
/// whenever it believes the owner to have many rows, and so read all the newer rows of others.
pub(super) fn newest<E: EntityTrait>(
    select: Select<E>,
    (owner, value): (E::Column, String),
    (id, before): (E::Column, String),
    limit: u64,
) -> Select<E> {
    let columns = [owner, id].map(|column| Expr::col(column.as_column_ref()));
    let end = Expr::tuple([value.as_str().into(), before.into()]);
    select
        .filter(Expr::tuple(columns).lt(end))
        .filter(owner.gte(value))
        .order_by_desc(owner)
        .order_by_desc(id)
        .limit(limit)
}
