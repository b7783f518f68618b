//! Puts events into the outbox, in the transaction of the change that they tell of.

use integrations_core::{
    ids::{DeliveryId, EventId, IntegrationId, ProjectId, ProviderEventId, WebhookId},
    webhook::{DeliveryStatus, Event, EventType, Subject, SubjectIntegration, Subscription, WebhookStatus},
};
use sea_orm::{
    ConnectionTrait as _, DbBackend, EntityTrait as _, QueryResult, QueryTrait as _, Statement, Value,
    sea_query::CommonTableExpression,
};
use serde_json::{Map, Value as Json, json};
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
    pub details: Map<String, Json>,
    /// When.
    pub at: OffsetDateTime,
    /// A webhook that is not told.
    pub except: Option<WebhookId>,
    /// The event of a provider whose body goes into the message when it is sent.
    pub provider_event: Option<ProviderEventId>,
}

/// Puts an event into the outbox, once for each webhook that asks for it.
pub(in crate::store) async fn announce(
    on: &Transaction,
    announcement: Announcement,
) -> Result<(), StoreError> {
    announce_all(on, vec![announcement]).await
}

/// Puts events of one project into the outbox, which are about the same integration, in their order. An event that is
/// about none is alone.
///
/// The webhooks are locked first, against being deleted, and then the rows of the streams, in the order of their
/// webhooks, before the events get their numbers. So within a stream the numbers grow in the order of the commits. They
/// are locked after everything else that the transaction locks.
pub(in crate::store) async fn announce_all(
    on: &Transaction,
    announcements: Vec<Announcement>,
) -> Result<(), StoreError> {
    let Some(first) = announcements.first() else { return Ok(()) };
    let stream = first.integration.map_or(first.id.to_string(), |id| id.to_string());
    let (subscribers, integration) = subscribers(on, first).await?;
    let told = announcements.into_iter().map(|announcement| {
        let asks = |subscriber: &&Subscriber| subscriber.asks_for(&announcement);
        let webhooks: Vec<_> = subscribers.iter().filter(asks).map(|asks| asks.webhook).collect();
        (announcement, webhooks)
    });
    let told: Vec<_> = told.filter(|(_, webhooks)| !webhooks.is_empty()).collect();
    let Some((first, _)) = told.first() else { return Ok(()) };
    let is_told = |webhook| told.iter().any(|(_, webhooks)| webhooks.contains(webhook));
    let opened: Vec<_> = subscribers
        .iter()
        .filter(|subscriber| is_told(&subscriber.webhook))
        .map(|Subscriber { webhook, status, .. }| {
            let due = (*status == WebhookStatus::Active).then_some(first.at);
            [webhook.to_string().into(), stream.as_str().into(), due.into()]
        })
        .collect();
    let numbers = open_and_number(on, opened, told.len()).await?;
    let (mut events, mut deliveries) = (Vec::new(), Vec::new());
    for ((announcement, webhooks), number) in told.into_iter().zip(numbers) {
        let event = numbered(announcement, integration.clone(), number)?;
        let pending = |webhook| webhook_delivery::ActiveModel::from(pending(webhook, &event, stream.clone()));
        deliveries.extend(webhooks.into_iter().map(pending));
        events.push(webhook_event::ActiveModel::from(event));
    }
    insert(on, events, deliveries).await?;
    on.announces();
    Ok(())
}

/// A webhook of a project.
struct Subscriber {
    webhook: WebhookId,
    status: WebhookStatus,
    subscription: Subscription,
}

impl Subscriber {
    fn asks_for(&self, announcement: &Announcement) -> bool {
        self.subscription.includes(announcement.kind) && announcement.except != Some(self.webhook)
    }
}

/// The webhooks of an event's project, and the integration that it is about, as it is after the change.
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
    let subscriber = |row: &QueryResult| {
        let id: String = row.try_get("", "id")?;
        let damaged = |what: &str| StoreError::Damaged(format!("webhook {id}: {what}"));
        let events: String = row.try_get("", "events")?;
        let patterns: Vec<String> = serde_json::from_str(&events).map_err(|_| damaged("events"))?;
        let status: String = row.try_get("", "status")?;
        Ok(Subscriber {
            webhook: id.parse().map_err(|_| damaged("id"))?,
            status: status.parse().map_err(|_| damaged("status"))?,
            subscription: Subscription::new(patterns),
        })
    };
    let integration = rows.first().map(subject).transpose()?.flatten();
    Ok((rows.iter().map(subscriber).collect::<Result<_, StoreError>>()?, integration))
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

/// Locks streams, each given by the values of [`statements::OPEN_STREAM`], and then gives numbers to this many events.
async fn open_and_number(
    on: &Transaction,
    streams: Vec<[Value; 3]>,
    events: usize,
) -> Result<Vec<i64>, StoreError> {
    let backend = on.get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = statements::open_and_number(streams.len(), events);
        let values = streams.into_iter().flatten();
        let rows = on.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        return Ok(rows.iter().map(|row| row.try_get("", "number")).collect::<Result<_, _>>()?);
    }
    for stream in streams {
        on.execute_raw(Statement::from_sql_and_values(backend, statements::OPEN_STREAM, stream)).await?;
    }
    let events = i64::try_from(events).unwrap_or(i64::MAX);
    let number = Statement::from_sql_and_values(backend, statements::NUMBER_SQLITE, [events.into()]);
    let row = on.query_one_raw(number).await?;
    let row = row.ok_or_else(|| StoreError::Damaged("the number of the last event is missing".to_owned()))?;
    let last: i64 = row.try_get("", "number")?;
    Ok((last - events + 1..=last).collect())
}

fn numbered(
    announcement: Announcement,
    integration: Option<SubjectIntegration>,
    number: i64,
) -> Result<webhook_event::Model, StoreError> {
    let Announcement { id, kind, project, integration: about, details, at, provider_event, .. } =
        announcement;
    let event = Event { id, kind, at, sequence: number, project, subject: Subject { integration, details } };
    Ok(webhook_event::Model {
        id: id.to_string(),
        project_id: project.to_string(),
        integration_id: about.map(|id| id.to_string()),
        kind: kind.as_str().to_owned(),
        number,
        body: event.body().map_err(|error| StoreError::Damaged(error.to_string()))?,
        created_at: at,
        provider_event_id: provider_event.map(|id| id.to_string()),
    })
}

/// Stores events and their deliveries. PostgreSQL takes both in one statement.
async fn insert(
    on: &Transaction,
    events: Vec<webhook_event::ActiveModel>,
    deliveries: Vec<webhook_delivery::ActiveModel>,
) -> Result<(), StoreError> {
    let events = webhook_event::Entity::insert_many(events);
    let deliveries = webhook_delivery::Entity::insert_many(deliveries);
    if on.get_database_backend() == DbBackend::Postgres {
        let mut first = CommonTableExpression::new();
        first.table_name("event").query(events.into_query());
        let mut both = deliveries.into_query();
        both.with_cte(first);
        on.execute(&both).await?;
    } else {
        events.exec_without_returning(on).await?;
        deliveries.exec_without_returning(on).await?;
    }
    Ok(())
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
pub fn details_of_a_test() -> Map<String, Json> {
    Map::from_iter([("message".to_owned(), json!("This event was sent on request. Nothing has happened."))])
}
