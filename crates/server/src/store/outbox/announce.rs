//! Puts events into the outbox, at the end of the transaction of the change that they tell of.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::{
    ids::{DeliveryId, EventId, IntegrationId, ProjectId, WebhookId},
    webhook::{DeliveryStatus, Event, Subject, SubjectIntegration, Subscription, Unnumbered, WebhookStatus},
};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait as _, QueryResult, Statement, Value};

use super::{
    announcement::Announcement,
    statements::{self, execute},
};
use crate::{
    environment::derived_id,
    store::{
        StoreError,
        entity::{webhook_delivery, webhook_event},
    },
};

/// The most events in one statement, and the most streams: databases bound its values.
const TOGETHER: usize = 50;
const OPENED_TOGETHER: usize = 1_000;

/// Puts events into the outbox, each once for each webhook of its project that asks for it. Those that are about one
/// integration stay in their order. `false`: no webhook asks for any.
///
/// The webhooks are locked first, against being deleted, and then the rows of the streams, in the order of their keys,
/// before the events get their numbers. So within a stream the numbers grow in the order of the commits. The
/// transaction locks nothing after them.
pub(in crate::store) async fn announce(
    on: &impl ConnectionTrait,
    announcements: Vec<Announcement>,
) -> Result<bool, StoreError> {
    if announcements.is_empty() {
        return Ok(false);
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
    let streams = streams
        .into_iter()
        .map(|((webhook, stream), due)| -> [Value; 3] { [webhook.into(), stream.into(), due.into()] });
    let messages = told.into_iter().map(|(announcement, webhooks)| {
        let integration = announcement.integration.and_then(|id| integrations.get(&id).cloned());
        Message::new(announcement, integration, webhooks.into_iter().map(|told| told.webhook).collect())
    });
    let messages = messages.collect::<Result<Vec<_>, _>>()?;
    if messages.is_empty() {
        return Ok(false);
    }
    match on.get_database_backend() {
        DbBackend::Postgres => tell(on, streams.collect(), &messages).await?,
        _ => tell_one_by_one(on, streams, messages).await?,
    }
    Ok(true)
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
    on: &impl ConnectionTrait,
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

/// An event to be stored, without its number, with the webhooks that are told of it.
struct Message {
    row: webhook_event::Model,
    body: Unnumbered,
    stream: String,
    webhooks: Vec<WebhookId>,
}

impl Message {
    fn new(
        announcement: Announcement,
        integration: Option<SubjectIntegration>,
        webhooks: Vec<WebhookId>,
    ) -> Result<Self, StoreError> {
        let stream = announcement.stream();
        let Announcement { id, kind, project, integration: about, details, at, provider_event, .. } =
            announcement;
        let event = Event { id, kind, at, project, subject: Subject { integration, details } };
        let row = webhook_event::Model {
            id: id.to_string(),
            project_id: project.to_string(),
            integration_id: about.map(|id| id.to_string()),
            kind: kind.as_str().to_owned(),
            number: 0,
            body: Vec::new(),
            created_at: at,
            provider_event_id: provider_event.map(|id| id.to_string()),
        };
        let body = event.body().map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(Self { row, body, stream, webhooks })
    }

    /// The values of the event in [`statements::tell`].
    fn values(&self) -> [Value; 8] {
        let Self { row, body: Unnumbered { before, after }, .. } = self;
        [
            row.id.as_str().into(),
            row.project_id.as_str().into(),
            row.integration_id.clone().into(),
            row.kind.as_str().into(),
            before.as_slice().into(),
            after.as_slice().into(),
            row.created_at.into(),
            row.provider_event_id.clone().into(),
        ]
    }

    /// The values of its deliveries in [`statements::tell`].
    fn deliveries(&self) -> impl Iterator<Item = [Value; 4]> {
        self.webhooks.iter().map(|webhook| {
            let (event, delivery) = (self.row.id.as_str(), delivery_id(&self.row.id, *webhook));
            [
                delivery.to_string().into(),
                webhook.to_string().into(),
                event.into(),
                self.stream.as_str().into(),
            ]
        })
    }

    /// The event with this number, and its deliveries.
    fn numbered(self, number: i64) -> (webhook_event::Model, Vec<webhook_delivery::Model>) {
        let event = webhook_event::Model { number, body: self.body.numbered(number), ..self.row };
        let delivery = |webhook| pending(webhook, &event, self.stream.clone());
        let deliveries = self.webhooks.into_iter().map(delivery).collect();
        (event, deliveries)
    }
}

/// Locks streams, each by the values of [`statements::OPEN_STREAM`], and then numbers and stores what is told. On
/// PostgreSQL, where one statement does it, unless there is very much.
async fn tell(
    on: &impl ConnectionTrait,
    streams: Vec<[Value; 3]>,
    messages: &[Message],
) -> Result<(), StoreError> {
    let mut streams = streams.as_slice();
    while streams.len() > OPENED_TOGETHER {
        let (some, rest) = streams.split_at(OPENED_TOGETHER);
        execute(on, statements::open(some.len()), some.iter().flatten().cloned()).await?;
        streams = rest;
    }
    for some in messages.chunks(TOGETHER) {
        let deliveries: Vec<_> = some.iter().flat_map(Message::deliveries).collect();
        let sql = statements::tell(streams.len(), some.len(), deliveries.len());
        let streams = std::mem::take(&mut streams).iter().flatten().cloned();
        let events = some.iter().flat_map(Message::values);
        execute(on, sql, streams.chain(events).chain(deliveries.into_iter().flatten())).await?;
    }
    Ok(())
}

/// The same on SQLite, which stores into one table at a time.
async fn tell_one_by_one(
    on: &impl ConnectionTrait,
    streams: impl Iterator<Item = [Value; 3]>,
    messages: Vec<Message>,
) -> Result<(), StoreError> {
    for stream in streams {
        execute(on, statements::OPEN_STREAM.to_owned(), stream).await?;
    }
    let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
    let backend = on.get_database_backend();
    let number = Statement::from_sql_and_values(backend, statements::NUMBER_SQLITE, [count.into()]);
    let row = on.query_one_raw(number).await?;
    let row = row.ok_or_else(|| StoreError::Damaged("the number of the last event is missing".to_owned()))?;
    let last: i64 = row.try_get("", "number")?;
    let numbered = messages.into_iter().zip(last - count + 1..);
    let rows: Vec<_> = numbered.map(|(message, number)| message.numbered(number)).collect();
    for some in rows.chunks(TOGETHER) {
        let events = some.iter().map(|(event, _)| webhook_event::ActiveModel::from(event.clone()));
        webhook_event::Entity::insert_many(events).exec_without_returning(on).await?;
        let deliveries = some.iter().flat_map(|(_, deliveries)| deliveries.iter().cloned());
        let deliveries = deliveries.map(webhook_delivery::ActiveModel::from);
        webhook_delivery::Entity::insert_many(deliveries).exec_without_returning(on).await?;
    }
    Ok(())
}

/// The delivery of an event to a webhook, before it is sent.
pub(in crate::store) fn pending(
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
