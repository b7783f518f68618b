//! Puts events into the outbox, in the transaction of the change that they tell of.

use integrations_core::{
    ids::{DeliveryId, EventId, IntegrationId, ProjectId, ProviderEventId, WebhookId},
    webhook::{DeliveryStatus, Event, EventType, Subject, SubjectIntegration, Subscription, WebhookStatus},
};
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, QueryResult, Statement};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::statements;
use crate::{
    environment::derived_id,
    store::{
        StoreError,
        entity::{webhook_delivery, webhook_event},
        transaction::Transaction,
    },
};

/// An event to be told to the webhooks of a project that ask for it.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// The project.
    pub project: ProjectId,
    /// The integration that it is about, if it is about one. Its events are delivered in order.
    pub integration: Option<IntegrationId>,
    /// What is said beside the integration's id, provider, status and health.
    pub details: Map<String, Value>,
    /// When.
    pub at: OffsetDateTime,
    /// A webhook that is not told.
    pub except: Option<WebhookId>,
    /// The event of a provider whose body goes into the message when it is sent.
    pub provider_event: Option<ProviderEventId>,
}

/// Puts an event into the outbox, once for each webhook that asks for it.
///
/// The webhooks are locked first, against being deleted, and then the rows of the streams, in the order of their
/// webhooks, before the event gets its number. So within a stream the numbers grow in the order of the commits. They
/// are locked after everything else that the transaction locks.
pub(in crate::store) async fn announce(
    on: &Transaction,
    announcement: Announcement,
) -> Result<(), StoreError> {
    let (told, integration) = subscribers(on, &announcement).await?;
    if told.is_empty() {
        return Ok(());
    }
    let stream = announcement.integration.map_or(announcement.id.to_string(), |id| id.to_string());
    for Subscriber { webhook, status } in &told {
        let due = (*status == WebhookStatus::Active).then_some(announcement.at);
        let values = [webhook.to_string().into(), stream.as_str().into(), due.into()];
        let statement =
            Statement::from_sql_and_values(on.get_database_backend(), statements::OPEN_STREAM, values);
        on.execute_raw(statement).await?;
    }
    let event = stored(on, announcement, integration).await?;
    let deliveries = told.iter().map(|Subscriber { webhook, .. }| {
        webhook_delivery::ActiveModel::from(pending(*webhook, &event, stream.clone()))
    });
    webhook_delivery::Entity::insert_many(deliveries.collect::<Vec<_>>()).exec_without_returning(on).await?;
    on.announces();
    Ok(())
}

struct Subscriber {
    webhook: WebhookId,
    status: WebhookStatus,
}

/// The webhooks that ask for an event, and the integration that it is about, as it is after the change.
async fn subscribers(
    on: &Transaction,
    announcement: &Announcement,
) -> Result<(Vec<Subscriber>, Option<SubjectIntegration>), StoreError> {
    let integration = announcement.integration.map(|id| id.to_string());
    let values = [announcement.project.to_string().into(), integration.into()];
    let sql = match on.get_database_backend() {
        DbBackend::Postgres => &statements::SUBSCRIBERS_POSTGRES,
        _ => &statements::SUBSCRIBERS_SQLITE,
    };
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql.as_str(), values);
    let rows = on.query_all_raw(statement).await?;
    let mut told = Vec::new();
    for row in &rows {
        let id: String = row.try_get("", "id")?;
        let damaged = |what: &str| StoreError::Damaged(format!("webhook {id}: {what}"));
        let events: String = row.try_get("", "events")?;
        let patterns: Vec<String> = serde_json::from_str(&events).map_err(|_| damaged("events"))?;
        let status: String = row.try_get("", "status")?;
        let webhook: WebhookId = id.parse().map_err(|_| damaged("id"))?;
        if Subscription::new(patterns).includes(announcement.kind) && announcement.except != Some(webhook) {
            told.push(Subscriber { webhook, status: status.parse().map_err(|_| damaged("status"))? });
        }
    }
    let integration = rows.first().map(subject).transpose()?.flatten();
    Ok((told, integration))
}

fn subject(row: &QueryResult) -> Result<Option<SubjectIntegration>, StoreError> {
    let Some(id) = row.try_get::<Option<String>>("", "integration_id")? else { return Ok(None) };
    let damaged = |_| StoreError::Damaged(format!("integration {id}: id"));
    Ok(Some(SubjectIntegration {
        id: id.parse().map_err(damaged)?,
        provider: row.try_get("", "provider")?,
        status: row.try_get("", "integration_status")?,
        health_status: row.try_get("", "health_status")?,
    }))
}

/// Gives an event its number, and stores it.
async fn stored(
    on: &Transaction,
    announcement: Announcement,
    integration: Option<SubjectIntegration>,
) -> Result<webhook_event::Model, StoreError> {
    let number = next_number(on).await?;
    let Announcement { id, kind, project, integration: about, details, at, provider_event, .. } =
        announcement;
    let event = Event { id, kind, at, sequence: number, project, subject: Subject { integration, details } };
    let row = webhook_event::Model {
        id: id.to_string(),
        project_id: project.to_string(),
        integration_id: about.map(|id| id.to_string()),
        kind: kind.as_str().to_owned(),
        number,
        body: event.body().map_err(|error| StoreError::Damaged(error.to_string()))?,
        created_at: at,
        provider_event_id: provider_event.map(|id| id.to_string()),
    };
    let new = webhook_event::ActiveModel::from(row.clone());
    webhook_event::Entity::insert(new).exec_without_returning(on).await?;
    Ok(row)
}

async fn next_number(on: &Transaction) -> Result<i64, StoreError> {
    let sql = match on.get_database_backend() {
        DbBackend::Postgres => statements::NEXT_NUMBER_POSTGRES,
        _ => statements::NEXT_NUMBER_SQLITE,
    };
    let row = on.query_one_raw(Statement::from_string(on.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| StoreError::Damaged("the number of the last event is missing".to_owned()))?;
    Ok(row.try_get("", "number")?)
}

/// The delivery of an event to a webhook, before it is sent.
pub(super) fn pending(
    webhook: WebhookId,
    event: &webhook_event::Model,
    stream: String,
) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id: delivery_id(&event.id, webhook).to_string(),
        webhook_id: webhook.to_string(),
        event_id: event.id.clone(),
        stream,
        number: event.number,
        status: DeliveryStatus::Pending.as_str().to_owned(),
        attempts: 0,
        redelivered_after: None,
        status_code: None,
        error: None,
        duration_ms: None,
        next_attempt_at: None,
        created_at: event.created_at,
    }
}

/// There is one delivery of an event to a webhook, so its id follows from both. It sorts by the time of the event.
fn delivery_id(event: &str, webhook: WebhookId) -> DeliveryId {
    let time = event.parse().map_or(0, EventId::bits);
    derived_id(time, &[event, &webhook.to_string()])
}

/// What a test says.
pub fn details_of_a_test() -> Map<String, Value> {
    Map::from_iter([("message".to_owned(), json!("This event was sent on request. Nothing has happened."))])
}
