//! The rows of streams: who sends what they hold, and when.

use integrations_core::{ids::LeaseId, webhook::DeliveryStatus};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use time::OffsetDateTime;

use crate::store::{
    StoreError,
    entity::{webhook_delivery, webhook_stream},
    in_order::locked_in_order,
    transaction::Transaction,
};

/// Locks a stream. `false`: the lease has passed to another owner.
pub(super) async fn is_held(
    on: &Transaction,
    lease: LeaseId,
    (webhook, stream): (&str, &str),
) -> Result<bool, StoreError> {
    let found = webhook_stream::Entity::find()
        .filter(of(webhook, stream))
        .filter(webhook_stream::Column::LeaseOwner.eq(lease.to_string()))
        .lock_exclusive()
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// Gives the lease on a stream back, which is held and locked. If the stream has something to send, it is due at `due`;
/// otherwise it ends. Whoever puts something into it locks its row until the commit, so nothing is overlooked.
pub(super) async fn let_go(
    on: &Transaction,
    (webhook, stream): (&str, &str),
    due: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    let waits = webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::WebhookId.eq(webhook))
        .filter(webhook_delivery::Column::Stream.eq(stream))
        .filter(webhook_delivery::Column::Status.eq(DeliveryStatus::Pending.as_str()))
        .one(on)
        .await?;
    if waits.is_none() {
        webhook_stream::Entity::delete_many().filter(of(webhook, stream)).exec(on).await?;
        return Ok(());
    }
    // It may be due at once.
    on.announces();
    webhook_stream::Entity::update_many()
        .col_expr(webhook_stream::Column::DueAt, Expr::value(due))
        .col_expr(webhook_stream::Column::LeaseOwner, Expr::value(None::<String>))
        .filter(of(webhook, stream))
        .exec(on)
        .await?;
    Ok(())
}

fn of(webhook: &str, stream: &str) -> Condition {
    Condition::all()
        .add(webhook_stream::Column::WebhookId.eq(webhook))
        .add(webhook_stream::Column::Stream.eq(stream))
}

/// Has everything of a disabled webhook wait.
pub(super) async fn hold(on: &Transaction, webhook: &str) -> Result<(), StoreError> {
    webhook_stream::Entity::update_many()
        .col_expr(webhook_stream::Column::DueAt, Expr::value(None::<OffsetDateTime>))
        .filter(all_in_order(webhook))
        .filter(webhook_stream::Column::LeaseOwner.is_null())
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
