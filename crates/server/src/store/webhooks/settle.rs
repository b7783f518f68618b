//! Stores what came of attempts, and gives the leases of their streams back.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::{
    audit::{Actor, AuditAction, change},
    ids::{AuditEventId, EventId, LeaseId, OrganizationId, WebhookId},
    webhook::{Attempted, DeliveryStatus, EventType, Next, Outcome, Standing, WebhookStatus, after},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value, sea_query::LockType,
};
use serde_json::{Map, json};
use time::OffsetDateTime;

use super::{
    Due, statements,
    streams::{Key, UNTRIED_PAUSE, held, hold, let_go},
};
use crate::store::{
    Announcement, NewAuditEvent, Store, StoreError, audit,
    entity::{project, webhook, webhook_attempt, webhook_delivery},
    outbox::execute,
    transaction::Transaction,
};

/// What came of a claimed message.
#[derive(Clone, Debug)]
pub struct Attempts {
    /// The message.
    pub due: Due,
    /// The attempt, and when it began. `None`: nothing was sent, for a reason of our own.
    pub made: Option<(OffsetDateTime, Attempted)>,
}

impl Store {
    /// Stores what came of these attempts at `now`, all in one transaction, with what follows for their webhooks. Those
    /// of a stream are all there, in order, and end its lease. However many there are, it takes a few statements. What
    /// is no longer under its lease is left as it is. `id` makes ids for what is recorded of webhooks that are
    /// disabled.
    pub async fn settle_deliveries(
        &self,
        attempts: Vec<Attempts>,
        now: OffsetDateTime,
        id: impl Fn() -> AuditEventId + Send,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        // After a loss of power they are sent again, with the same ids.
        transaction.does_not_wait_for_the_disk().await?;
        let mut by_webhook = BTreeMap::<WebhookId, BTreeMap<(Key, LeaseId), Vec<Attempts>>>::new();
        for one in attempts {
            let due = &one.due;
            let leased = ((due.webhook.to_string(), due.stream.clone()), due.lease);
            by_webhook.entry(due.webhook).or_default().entry(leased).or_default().push(one);
        }
        let webhooks = lock(&transaction, by_webhook.keys()).await?;
        let held = held(&transaction, by_webhook.values().flat_map(BTreeMap::keys).cloned()).await?;
        let mut settled = Settled::default();
        for (id, streams) in by_webhook {
            // A webhook that was deleted has taken its deliveries along.
            let Some(row) = webhooks.get(&id.to_string()) else { continue };
            let failures = u32::try_from(row.failures).unwrap_or(u32::MAX);
            let before = Standing { failures, failing_since: row.failing_since };
            // What has passed to another owner is stored by that one.
            let streams = streams.into_iter().filter(|(leased, _)| held.contains(leased));
            let standing =
                streams.fold(before, |standing, ((key, _), of_one)| settled.add(key, of_one, standing, now));
            let is_active = row.status == WebhookStatus::Active.as_str();
            if standing != before || (is_active && standing.has_ended(now)) {
                settled.standings.push((row, standing));
            }
        }
        settled.store(&transaction, now, id).await?;
        transaction.commit().await
    }
}

/// Locks webhooks in the order of their ids. Their streams are locked afterwards.
async fn lock(
    on: &Transaction,
    ids: impl Iterator<Item = &WebhookId>,
) -> Result<BTreeMap<String, webhook::Model>, StoreError> {
    let rows = webhook::Entity::find()
        .filter(webhook::Column::Id.is_in(ids.map(ToString::to_string)))
        .order_by_asc(webhook::Column::Id)
        // Whoever puts something into a stream refers to its webhook, and must not wait for that.
        .lock(LockType::NoKeyUpdate)
        .all(on)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// What is to be stored of attempts.
#[derive(Default)]
struct Settled<'a> {
    attempts: Vec<webhook_attempt::Model>,
    /// The deliveries, by the number of the attempt, their status, and when the next attempt is made.
    deliveries: BTreeMap<(i32, &'static str, Option<OffsetDateTime>), Vec<String>>,
    /// When each stream is due, if it has more to send.
    streams: BTreeMap<Key, Option<OffsetDateTime>>,
    /// The webhooks of which another thing is to be thought than before.
    standings: Vec<(&'a webhook::Model, Standing)>,
}

impl Settled<'_> {
    /// Adds the attempts of a stream, in their order. Returns how its webhook stands after them.
    fn add(
        &mut self,
        key: Key,
        attempts: Vec<Attempts>,
        mut standing: Standing,
        now: OffsetDateTime,
    ) -> Standing {
        let mut due_at = now;
        for Attempts { due, made } in attempts {
            let Some((at, attempted)) = made else {
                due_at = now + UNTRIED_PAUSE;
                break;
            };
            let outcome = attempted.outcome;
            let number = due.attempts.saturating_add(1);
            let next = after(number.saturating_sub(due.redelivered_after.unwrap_or_default()), outcome);
            let (status, again_at) = match next {
                Next::Delivered => (DeliveryStatus::Delivered, None),
                Next::GivenUp => (DeliveryStatus::Failed, None),
                Next::Retry(pause) => (DeliveryStatus::Pending, Some(now + pause)),
            };
            let attempt = attempt(due.delivery.clone(), number, (at, attempted));
            self.deliveries
                .entry((attempt.number, status.as_str(), again_at))
                .or_default()
                .push(due.delivery);
            self.attempts.push(attempt);
            due_at = again_at.unwrap_or(now);
            standing = match next {
                Next::Delivered => Standing::succeeded(),
                Next::GivenUp => standing.failed(now),
                Next::Retry(_) => standing,
            };
        }
        self.streams.insert(key, Some(due_at));
        standing
    }

    async fn store(
        mut self,
        on: &Transaction,
        now: OffsetDateTime,
        id: impl Fn() -> AuditEventId,
    ) -> Result<(), StoreError> {
        let ids = self.attempts.iter().map(|one| one.delivery_id.as_str());
        let there = still_there(on, ids).await?;
        self.attempts.retain(|one| there.contains(&one.delivery_id));
        if !self.attempts.is_empty() {
            let ids: Vec<Value> = self.attempts.iter().map(|one| one.delivery_id.as_str().into()).collect();
            let attempts = self.attempts.into_iter().map(webhook_attempt::ActiveModel::from);
            webhook_attempt::Entity::insert_many(attempts).exec_without_returning(on).await?;
            for ((number, status, again_at), deliveries) in self.deliveries {
                let sql = statements::attempted(deliveries.len());
                let told: [Value; 3] = [status.into(), again_at.into(), number.into()];
                execute(on, sql, told.into_iter().chain(deliveries.into_iter().map(Value::from))).await?;
            }
            execute(on, statements::triggered(ids.len()), ids).await?;
        }
        let_go(on, self.streams).await?;
        for (row, standing) in self.standings {
            let ends = row.status == WebhookStatus::Active.as_str() && standing.has_ended(now);
            let mut change = row.clone().into_active_model();
            change.failures = Set(i32::try_from(standing.failures).unwrap_or(i32::MAX));
            change.failing_since = Set(standing.failing_since);
            if ends {
                change.status = Set(WebhookStatus::Disabled.as_str().to_owned());
            }
            change.update(on).await?;
            if ends {
                hold(on, &row.id).await?;
                tell_disabled(on, row, now, id()).await?;
            }
        }
        Ok(())
    }
}

/// Locks those of these deliveries that are still kept, in the order of their ids.
async fn still_there(
    on: &Transaction,
    ids: impl Iterator<Item = &str>,
) -> Result<BTreeSet<String>, StoreError> {
    let there = webhook_delivery::Entity::find()
        .select_only()
        .column(webhook_delivery::Column::Id)
        .filter(webhook_delivery::Column::Id.is_in(ids))
        .order_by_asc(webhook_delivery::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple::<String>()
        .all(on)
        .await?;
    Ok(there.into_iter().collect())
}

fn attempt(
    delivery_id: String,
    number: u32,
    (at, attempted): (OffsetDateTime, Attempted),
) -> webhook_attempt::Model {
    let (status_code, error) = said(attempted.outcome);
    webhook_attempt::Model {
        delivery_id,
        number: i32::try_from(number).unwrap_or(i32::MAX),
        at,
        status_code,
        error: error.map(str::to_owned),
        duration_ms: i64::try_from(attempted.took.as_millis()).unwrap_or(i64::MAX),
        answer: attempted.answer,
    }
}

/// What came of an attempt, as its columns.
pub(super) fn said(outcome: Outcome) -> (Option<i32>, Option<&'static str>) {
    match outcome {
        Outcome::Answered(status, _) => (Some(i32::from(status)), None),
        Outcome::NoAnswer(why) => (None, Some(why.as_str())),
    }
}

/// Records that a webhook was disabled, and tells the other webhooks of its project.
async fn tell_disabled(
    on: &Transaction,
    row: &webhook::Model,
    now: OffsetDateTime,
    id: AuditEventId,
) -> Result<(), StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("webhook {}: {what}", row.id));
    let organization = project::Entity::find_by_id(&row.project_id).one(on).await?;
    let organization = organization.ok_or_else(|| damaged("project"))?.organization_id;
    let organization: OrganizationId = organization.parse().map_err(|_| damaged("organization"))?;
    let project = row.project_id.parse().map_err(|_| damaged("project"))?;
    let status = (WebhookStatus::Active.as_str(), WebhookStatus::Disabled.as_str());
    let event = NewAuditEvent {
        id,
        organization,
        project: Some(project),
        integration: None,
        action: AuditAction::WebhookUpdated,
        actor: Actor::System,
        request_id: None,
        changes: change(format!("{}.status", row.id), status.0, status.1).into_iter().collect(),
        at: now,
    };
    audit::record(on, event).await?;
    let told = Announcement {
        id: EventId::from_bits(id.bits()),
        kind: EventType::WebhookDisabled,
        project,
        integration: None,
        details: Map::from_iter([("webhook".to_owned(), json!({"id": row.id, "status": status.1}))]),
        at: now,
        except: Some(row.id.parse().map_err(|_| damaged("id"))?),
        provider_event: None,
    };
    on.tell(told);
    Ok(())
}
