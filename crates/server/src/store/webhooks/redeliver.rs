//! Sends again what a webhook missed, and what waited while it was disabled.

use integrations_core::{
    ids::{DeliveryId, ProjectId, WebhookId},
    webhook::DeliveryStatus,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Statement, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{hold, locked};
use crate::{
    environment::first_id_at,
    store::{
        NewAuditEvent, OwnedError, RememberedAnswer, Store, StoreError, audit,
        entity::{webhook_delivery, webhook_event},
        idempotency_keys,
        outbox::OPEN_STREAM,
        transaction::Transaction,
    },
};

/// The most messages that are sent again at once.
pub(super) const MOST: u64 = 10_000;

/// Which messages of a webhook are sent again.
#[derive(Clone, Copy, Debug)]
pub enum Again {
    /// One, even if it was delivered.
    One(DeliveryId),
    /// Those of events since then that were given up or dropped.
    Since(OffsetDateTime),
}

impl Store {
    /// Sends messages of a webhook again, and remembers the `answer` to the request for it, which says how many there
    /// are. The bytes and ids are the same.
    pub async fn redeliver(
        &self,
        (project, id): (ProjectId, WebhookId),
        again: Again,
        event: NewAuditEvent,
        answer: impl FnOnce(u64) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<u64, OwnedError> {
        use webhook_delivery::Column;

        let transaction = self.begin().await?;
        hold(&transaction, project, &event).await?;
        let webhook = locked(&transaction, project, id).await?;
        let is_chosen = match again {
            Again::One(delivery) => Condition::all().add(Column::Id.eq(delivery.to_string())),
            Again::Since(since) => {
                let ended = [DeliveryStatus::Failed, DeliveryStatus::Dropped].map(DeliveryStatus::as_str);
                let first: DeliveryId = first_id_at(since);
                Condition::all().add(Column::Id.gte(first.to_string())).add(Column::Status.is_in(ended))
            }
        };
        let chosen = webhook_delivery::Entity::find()
            .filter(Column::WebhookId.eq(webhook.id.as_str()))
            .filter(is_chosen)
            .order_by_asc(Column::Id)
            .limit(MOST)
            .all(&transaction)
            .await?;
        if chosen.is_empty() && matches!(again, Again::One(_)) {
            return Err(OwnedError::NotFound);
        }
        let ended: Vec<_> =
            chosen.into_iter().filter(|one| one.status != DeliveryStatus::Pending.as_str()).collect();
        let due = (webhook.status == "active").then_some(event.at);
        open_streams(&transaction, &ended, due).await?;
        let count = mark_pending(&transaction, ended.into_iter().map(|one| one.id)).await?;
        idempotency_keys::remember(&transaction, answer(count)?).await?;
        audit::record(&transaction, event).await?;
        transaction.makes_due();
        transaction.commit().await?;
        Ok(count)
    }
}

impl Store {
    /// Deletes up to `limit` events of before a time, with their deliveries, unless one waits to be delivered. What is
    /// of before `last` goes in any case. Returns how many.
    pub async fn prune_webhook_events(
        &self,
        before: OffsetDateTime,
        last: OffsetDateTime,
        limit: u64,
    ) -> Result<u64, StoreError> {
        use webhook_event::Column;

        let waiting = webhook_delivery::Entity::find()
            .select_only()
            .column(webhook_delivery::Column::EventId)
            .filter(webhook_delivery::Column::Status.eq(DeliveryStatus::Pending.as_str()))
            .filter(webhook_delivery::Column::CreatedAt.gte(last))
            .filter(webhook_delivery::Column::CreatedAt.lt(before))
            .into_query();
        let old = webhook_event::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::CreatedAt.lt(before))
            .filter(Column::Id.not_in_subquery(waiting))
            .order_by_asc(Column::CreatedAt)
            .limit(limit)
            .into_tuple::<String>()
            .all(&self.reader)
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        let deleted =
            webhook_event::Entity::delete_many().filter(Column::Id.is_in(old)).exec(&self.writer).await?;
        Ok(deleted.rows_affected)
    }
}

/// Locks the streams of deliveries, in order. Those that have nothing to send begin.
async fn open_streams(
    on: &Transaction,
    deliveries: &[webhook_delivery::Model],
    due: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    let mut streams: Vec<(&str, &str)> =
        deliveries.iter().map(|one| (one.webhook_id.as_str(), one.stream.as_str())).collect();
    streams.sort_unstable();
    streams.dedup();
    for (webhook, stream) in streams {
        let values = [webhook.into(), stream.into(), due.into()];
        let open = Statement::from_sql_and_values(on.get_database_backend(), OPEN_STREAM, values);
        on.execute_raw(open).await?;
    }
    Ok(())
}

/// Begins the attempts of these deliveries anew.
async fn mark_pending(on: &Transaction, ids: impl Iterator<Item = String>) -> Result<u64, StoreError> {
    use webhook_delivery::Column;

    let ended = [DeliveryStatus::Delivered, DeliveryStatus::Failed, DeliveryStatus::Dropped];
    let marked = webhook_delivery::Entity::update_many()
        .col_expr(Column::Status, Expr::value(DeliveryStatus::Pending.as_str()))
        .col_expr(Column::RedeliveredAfter, Expr::col(Column::Attempts))
        .filter(Column::Id.is_in(ids))
        .filter(Column::Status.is_in(ended.map(DeliveryStatus::as_str)))
        .exec(on)
        .await?;
    Ok(marked.rows_affected)
}
