//! Reads what was sent to webhooks, and stores tests.

use integrations_core::{
    ids::{DeliveryId, WebhookId},
    webhook::{Attempted, DeliveryStatus, Next, after},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, RelationTrait as _,
};
use time::OffsetDateTime;

use super::settle::said;
use crate::store::{
    Announcement, ReadError, Store, StoreError, Tenant,
    entity::{webhook_attempt, webhook_delivery, webhook_event},
    outbox::pending,
    pages::newest,
};

/// A delivery, as it is shown.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DeliveryRow {
    /// Its id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// What happened.
    pub kind: String,
    /// How far it is.
    pub status: String,
    /// How many attempts were made.
    pub attempts: i32,
    /// What the receiver answered to the last.
    pub status_code: Option<i32>,
    /// Why it did not answer.
    pub error: Option<String>,
    /// How long the last took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// When the next is due.
    pub next_attempt_at: Option<OffsetDateTime>,
    /// When it happened.
    pub created_at: OffsetDateTime,
}

/// An attempt, as it is shown.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// Its number, from 1.
    pub number: i32,
    /// When it was made.
    pub at: OffsetDateTime,
    /// What the receiver answered.
    pub status_code: Option<i32>,
    /// Why it did not answer.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The start of the answer.
    pub answer: String,
}

/// A delivery with its message and its attempts.
#[derive(Clone, Debug)]
pub struct DeliveryDetails {
    /// The delivery.
    pub delivery: DeliveryRow,
    /// The message.
    pub body: Vec<u8>,
    /// The attempts, oldest first.
    pub attempts: Vec<AttemptRow>,
}

/// A test of a webhook that was sent.
#[derive(Clone, Debug)]
pub struct TestedWebhook {
    /// The webhook.
    pub webhook: WebhookId,
    /// What was sent.
    pub event: Announcement,
    /// The message.
    pub body: Vec<u8>,
    /// What came of it.
    pub attempted: Attempted,
}

impl Store {
    /// A page of up to `limit` of a webhook's deliveries, newest first: those before `before`. The webhook was read for
    /// its tenant.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        before: Option<DeliveryId>,
        status: Option<DeliveryStatus>,
        limit: u64,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        use webhook_delivery::Column;

        let before = before.unwrap_or(DeliveryId::from_bits(u128::MAX)).to_string();
        let of = (Column::WebhookId, webhook.to_string());
        let mut select = newest(shown(), of, (Column::Id, before), limit);
        if let Some(status) = status {
            select = select.filter(Column::Status.eq(status.as_str()));
        }
        Ok(select.into_model::<DeliveryRow>().all(&self.reader).await?)
    }

    /// A tenant's delivery to a webhook, with its message and attempts.
    pub async fn delivery(
        &self,
        tenant: &Tenant,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryDetails>, ReadError> {
        if self.webhook(tenant, webhook).await?.is_none() {
            return Ok(None);
        }
        let delivery = shown()
            .filter(webhook_delivery::Column::Id.eq(id.to_string()))
            .filter(webhook_delivery::Column::WebhookId.eq(webhook.to_string()))
            .into_model::<DeliveryRow>()
            .one(&self.reader)
            .await?;
        let Some(delivery) = delivery else { return Ok(None) };
        let event = webhook_event::Entity::find_by_id(&delivery.event_id).one(&self.reader).await?;
        let attempts = webhook_attempt::Entity::find()
            .filter(webhook_attempt::Column::DeliveryId.eq(delivery.id.as_str()))
            .order_by_asc(webhook_attempt::Column::Number)
            .all(&self.reader)
            .await?;
        let attempts = attempts.into_iter().map(AttemptRow::from).collect();
        let body = event.map(|event| event.body).unwrap_or_default();
        Ok(Some(DeliveryDetails { delivery, body, attempts }))
    }

    /// Stores a test that was sent. It counts neither as a success nor as a failure of the webhook.
    pub async fn store_test(&self, tested: TestedWebhook) -> Result<(), StoreError> {
        let TestedWebhook { webhook, event, body, attempted } = tested;
        let row = webhook_event::Model {
            id: event.id.to_string(),
            project_id: event.project.to_string(),
            integration_id: None,
            kind: event.kind.as_str().to_owned(),
            number: 0,
            body,
            created_at: event.at,
            provider_event_id: None,
        };
        let status = match after(1, attempted.outcome) {
            Next::Delivered => DeliveryStatus::Delivered,
            Next::Retry(_) | Next::GivenUp => DeliveryStatus::Failed,
        };
        let (code, error) = said(attempted.outcome);
        let millis = i64::try_from(attempted.took.as_millis()).unwrap_or(i64::MAX);
        let delivery = webhook_delivery::Model {
            status: status.as_str().to_owned(),
            attempts: 1,
            status_code: code,
            error: error.map(str::to_owned),
            duration_ms: Some(millis),
            ..pending(webhook, &row, row.id.clone())
        };
        let attempt = webhook_attempt::Model {
            delivery_id: delivery.id.clone(),
            number: 1,
            at: event.at,
            status_code: code,
            error: error.map(str::to_owned),
            duration_ms: millis,
            answer: attempted.answer,
        };
        let transaction = self.begin().await?;
        let event = webhook_event::ActiveModel::from(row);
        webhook_event::Entity::insert(event).exec_without_returning(&transaction).await?;
        let delivery = webhook_delivery::ActiveModel::from(delivery);
        webhook_delivery::Entity::insert(delivery).exec_without_returning(&transaction).await?;
        let attempt = webhook_attempt::ActiveModel::from(attempt);
        webhook_attempt::Entity::insert(attempt).exec_without_returning(&transaction).await?;
        transaction.commit().await
    }
}

/// The columns of [`DeliveryRow`].
fn shown() -> sea_orm::Select<webhook_delivery::Entity> {
    use webhook_delivery::Column;

    let columns = [
        Column::Id,
        Column::EventId,
        Column::Status,
        Column::Attempts,
        Column::StatusCode,
        Column::Error,
        Column::DurationMs,
        Column::NextAttemptAt,
        Column::CreatedAt,
    ];
    webhook_delivery::Entity::find()
        .select_only()
        .columns(columns)
        .column(webhook_event::Column::Kind)
        .join(JoinType::InnerJoin, webhook_delivery::Relation::Event.def())
}

impl From<webhook_attempt::Model> for AttemptRow {
    fn from(row: webhook_attempt::Model) -> Self {
        let webhook_attempt::Model { number, at, status_code, error, duration_ms, answer, .. } = row;
        Self { number, at, status_code, error, duration_ms, answer }
    }
}
