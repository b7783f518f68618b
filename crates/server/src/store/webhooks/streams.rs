//! The rows of streams: who sends what they hold, and when.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::{ids::LeaseId, webhook::DeliveryStatus};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, Query, SelectStatement},
};
use time::{Duration, OffsetDateTime};

use crate::store::{
    StoreError,
    entity::{webhook_delivery, webhook_stream},
    in_order::locked_in_order,
    transaction::Transaction,
};

/// How long a message waits that could not be tried, such as because its secret cannot be opened, or it cannot be read.
/// It does not count as an attempt.
pub(super) const UNTRIED_PAUSE: Duration = Duration::seconds(30);

/// What a stream is known by: its webhook, and what it delivers in order.
pub(super) type Key = (String, String);

/// Locks those of these streams that are still under these leases, in the order of their keys. The others have passed
/// to other owners.
pub(super) async fn held(
    on: &Transaction,
    leased: impl IntoIterator<Item = (Key, LeaseId)>,
) -> Result<BTreeSet<(Key, LeaseId)>, StoreError> {
    let mut leased: BTreeSet<(Key, LeaseId)> = leased.into_iter().collect();
    let found = webhook_stream::Entity::find()
        .filter(any_of(leased.iter().map(|(key, _)| key)))
        .order_by_asc(webhook_stream::Column::WebhookId)
        .order_by_asc(webhook_stream::Column::Stream)
        .lock_exclusive()
        .all(on)
        .await?;
    let owners = found.into_iter().map(|row| ((row.webhook_id, row.stream), row.lease_owner));
    let owners: BTreeMap<Key, Option<String>> = owners.collect();
    leased.retain(|(key, lease)| owners.get(key).is_some_and(|owner| *owner == Some(lease.to_string())));
    Ok(leased)
}

/// Gives the leases on streams back, which are held and locked. One that has something to send is due at its time;
/// otherwise it ends. Whoever puts something into a stream locks its row until the commit, so nothing is overlooked.
pub(super) async fn let_go(
    on: &Transaction,
    streams: BTreeMap<Key, Option<OffsetDateTime>>,
) -> Result<(), StoreError> {
    use webhook_stream::Column;

    let mut end = Query::delete();
    end.from_table(webhook_stream::Entity).cond_where(any_of(streams.keys()));
    end.and_where(Expr::exists(waiting()).not())
        .returning(Query::returning().columns([Column::WebhookId, Column::Stream]));
    let mut ended = BTreeSet::<Key>::new();
    for row in on.query_all(&end).await? {
        ended.insert((row.try_get("", "webhook_id")?, row.try_get("", "stream")?));
    }
    let mut by_time = BTreeMap::<_, Vec<Key>>::new();
    for (key, due) in streams.into_iter().filter(|(key, _)| !ended.contains(key)) {
        by_time.entry(due).or_default().push(key);
    }
    for (due, keys) in by_time {
        // It may be due at once.
        on.makes_due();
        webhook_stream::Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(due))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .filter(any_of(&keys))
            .exec(on)
            .await?;
    }
    Ok(())
}

/// What of a stream, named by the statement around, waits to be sent.
fn waiting() -> SelectStatement {
    use webhook_delivery::Column;

    let same = |of_delivery: Column, of_stream: webhook_stream::Column| {
        Expr::col((webhook_delivery::Entity, of_delivery)).equals((webhook_stream::Entity, of_stream))
    };
    webhook_delivery::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(same(Column::WebhookId, webhook_stream::Column::WebhookId))
        .filter(same(Column::Stream, webhook_stream::Column::Stream))
        .filter(Column::Status.eq(DeliveryStatus::Pending.as_str()))
        .into_query()
}

fn of((webhook, stream): &Key) -> Condition {
    Condition::all()
        .add(webhook_stream::Column::WebhookId.eq(webhook.as_str()))
        .add(webhook_stream::Column::Stream.eq(stream.as_str()))
}

fn any_of<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Condition {
    keys.into_iter().fold(Condition::any(), |any, key| any.add(of(key)))
}

/// Has everything of a disabled webhook wait. No stream is waited for, as the caller may have locked others: what
/// another transaction has locked is put aside when it is claimed.
pub(super) async fn hold(on: &Transaction, webhook: &str) -> Result<(), StoreError> {
    use webhook_stream::Column;

    let free = webhook_stream::Entity::find()
        .select_only()
        .column(Column::Stream)
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::LeaseOwner.is_null())
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_query();
    webhook_stream::Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(None::<OffsetDateTime>))
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::Stream.in_subquery(free))
        .exec(on)
        .await?;
    Ok(())
}

/// Has everything that waits at a disabled webhook sent, or dropped.
pub(super) async fn resume(
    on: &Transaction,
    webhook: &str,
    is_dropped: bool,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    use webhook_stream::Column;

    if is_dropped {
        webhook_delivery::Entity::update_many()
            .col_expr(webhook_delivery::Column::Status, Expr::value(DeliveryStatus::Dropped.as_str()))
            .col_expr(webhook_delivery::Column::NextAttemptAt, Expr::value(None::<OffsetDateTime>))
            .filter(webhook_delivery::Column::WebhookId.eq(webhook))
            .filter(webhook_delivery::Column::Status.eq(DeliveryStatus::Pending.as_str()))
            .exec(on)
            .await?;
    }
    // A stream that has nothing to send any more ends when it is claimed.
    webhook_stream::Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(now))
        .filter(all_in_order(webhook))
        .filter(Column::DueAt.is_null())
        .exec(on)
        .await?;
    Ok(())
}

/// The streams of a webhook, locked in the order in which one transaction puts several events into them.
fn all_in_order(webhook: &str) -> Condition {
    use webhook_stream::Column;

    let of_webhook = || Column::WebhookId.eq(webhook);
    let in_order = locked_in_order::<webhook_stream::Entity>(Column::Stream, of_webhook());
    Condition::all().add(of_webhook()).add(in_order)
}
