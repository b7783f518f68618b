//! Puts events into the outbox, in the transaction of the change that they tell of.

use std::collections::{BTreeMap, BTreeSet};

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

/// The most events in one statement, and the most streams: databases bound its values.
const TOGETHER: usize = 50;
const OPENED_TOGETHER: usize = 1_000;

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

impl Announcement {
    /// What it is delivered in order with.
    fn stream(&self) -> String {
        self.integration.map_or_else(|| self.id.to_string(), |id| id.to_string())
    }
}

/// Puts an event into the outbox, once for each webhook that asks for it.
pub(in crate::store) async fn announce(
    on: &Transaction,
    announcement: Announcement,
) -> Result<(), StoreError> {
    announce_all(on, vec![announcement]).await
}

/// Puts events into the outbox, each once for each webhook of its project that asks for it. Those that are about one
/// integration stay in their order.
///
/// The webhooks are locked first, against being deleted, and then the rows of the streams, in the order of their keys,
/// before the events get their numbers. So within a stream the numbers grow in the order of the commits. They are
/// locked after everything else that the transaction locks.
pub(in crate::store) async fn announce_all(
    on: &Transaction,
    announcements: Vec<Announcement>,
) -> Result<(), StoreError> {
    if announcements.is_empty() {
        return Ok(());
    }
    let (subscribers, integrations) = subscribers(on, &announcements).await?;
    let told = announcements.into_iter().map(|announcement| {
        let asks = |subscriber: &&Subscriber| subscriber.asks_for(&announcement);
        let webhooks: Vec<&Subscriber> = subscribers.iter().filter(asks).collect();
        (announcement, webhooks)
    });
    let told: Vec<_> = told.filter(|(_, webhooks)| !webhooks.is_empty()).collect();
    let mut streams = BTreeMap::new();
    for (announcement, webhooks) in &told {
        for Subscriber { webhook, status, .. } in webhooks {
            let due = (*status == WebhookStatus::Active).then_some(announcement.at);
            streams.entry((webhook.to_string(), announcement.stream())).or_insert(due);
        }
    }
    let numbers = open_and_number(on, streams, told.len()).await?;
    let mut rows = Vec::with_capacity(told.len());
    for ((announcement, webhooks), number) in told.into_iter().zip(numbers) {
        let (stream, integration) = (announcement.stream(), announcement.integration);
        let integration = integration.and_then(|id| integrations.get(&id).cloned());
        let event = numbered(announcement, integration, number)?;
        let pending = |told: &Subscriber| pending(told.webhook, &event, stream.clone());
        let deliveries: Vec<_> = webhooks.into_iter().map(pending).collect();
        rows.push((event, deliveries));
    }
    for some in rows.chunks(TOGETHER) {
        insert(on, some).await?;
        on.announces();
    }
    Ok(())
}

/// A webhook of a project.
struct Subscriber {
    webhook: WebhookId,
    project: ProjectId,
    status: WebhookStatus,
    subscription: Subscription,
}

impl Subscriber {
    fn asks_for(&self, announcement: &Announcement) -> bool {
        self.project == announcement.project
            && self.subscription.includes(announcement.kind)
            && announcement.except != Some(self.webhook)
    }
}

/// The webhooks of the events' projects, and the integrations that they are about, as they are after the change.
async fn subscribers(
    on: &Transaction,
    announcements: &[Announcement],
) -> Result<(Vec<Subscriber>, BTreeMap<IntegrationId, SubjectIntegration>), StoreError> {
    let projects: BTreeSet<_> = announcements.iter().map(|one| one.project.to_string()).collect();
    let integrations: BTreeSet<_> = announcements.iter().filter_map(|one| one.integration).collect();
    let backend = on.get_database_backend();
    let sql = statements::subscribers(projects.len(), integrations.len(), backend);
    let values = projects.into_iter().chain(integrations.iter().map(ToString::to_string));
    let values = values.map(Value::from);
    let rows = on.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let (mut subscribers, mut about) = (Vec::<Subscriber>::new(), BTreeMap::new());
    for row in rows {
        let subscriber = subscriber(&row)?;
        // A webhook has a row for each integration.
        if subscribers.last().is_none_or(|last| last.webhook != subscriber.webhook) {
            subscribers.push(subscriber);
        }
        about.extend(subject(&row)?.map(|integration| (integration.id, integration)));
    }
    Ok((subscribers, about))
}

fn subscriber(row: &QueryResult) -> Result<Subscriber, StoreError> {
    let id: String = row.try_get("", "id")?;
    let damaged = |what: &str| StoreError::Damaged(format!("webhook {id}: {what}"));
    let (project, events): (String, String) = (row.try_get("", "project_id")?, row.try_get("", "events")?);
    let patterns: Vec<String> = serde_json::from_str(&events).map_err(|_| damaged("events"))?;
    let status: String = row.try_get("", "status")?;
    Ok(Subscriber {
        webhook: id.parse().map_err(|_| damaged("id"))?,
        project: project.parse().map_err(|_| damaged("project"))?,
        status: status.parse().map_err(|_| damaged("status"))?,
        subscription: Subscription::new(patterns),
    })
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

/// Locks streams, each by its webhook and name, with when it is due, and then gives numbers to this many events.
async fn open_and_number(
    on: &Transaction,
    streams: BTreeMap<(String, String), Option<OffsetDateTime>>,
    events: usize,
) -> Result<Vec<i64>, StoreError> {
    let backend = on.get_database_backend();
    let streams = streams
        .into_iter()
        .map(|((webhook, stream), due)| -> [Value; 3] { [webhook.into(), stream.into(), due.into()] });
    let streams: Vec<[Value; 3]> = streams.collect();
    if backend == DbBackend::Postgres {
        let mut numbers = Vec::with_capacity(events);
        let mut rest = streams.len();
        for some in streams.chunks(OPENED_TOGETHER) {
            rest -= some.len();
            let sql = statements::open_and_number(some.len(), if rest == 0 { events } else { 0 });
            let values = some.iter().flatten().cloned();
            let rows = on.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
            for row in rows {
                numbers.push(row.try_get("", "number")?);
            }
        }
        return Ok(numbers);
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

/// Stores events, each with its deliveries. PostgreSQL takes both in one statement.
async fn insert(
    on: &Transaction,
    rows: &[(webhook_event::Model, Vec<webhook_delivery::Model>)],
) -> Result<(), StoreError> {
    let events = rows.iter().map(|(event, _)| webhook_event::ActiveModel::from(event.clone()));
    let deliveries = rows.iter().flat_map(|(_, deliveries)| deliveries);
    let deliveries = deliveries.map(|delivery| webhook_delivery::ActiveModel::from(delivery.clone()));
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
