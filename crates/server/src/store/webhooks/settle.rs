//! Stores what came of attempts, and gives the leases of their streams back.

use std::collections::BTreeMap;

use integrations_core::{
    audit::{Actor, AuditAction, change},
    ids::{AuditEventId, EventId, OrganizationId, WebhookId},
    webhook::{Attempted, DeliveryStatus, EventType, Next, Outcome, Standing, WebhookStatus, after},
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, LockType},
};
use serde_json::{Map, json};
use time::{Duration, OffsetDateTime};

use super::{
    Announcement, Due, announce,
    streams::{hold, is_held, let_go},
};
use crate::store::{
    NewAuditEvent, Store, StoreError, audit,
    entity::{project, webhook, webhook_attempt, webhook_delivery},
    transaction::Transaction,
};

/// How long a message waits that could not be tried, such as because its secret cannot be opened. It does not count as
/// an attempt.
const UNTRIED_PAUSE: Duration = Duration::seconds(30);

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
    /// of a stream are all there, in order, and end its lease. What is no longer under its lease is left as it is. `id`
    /// makes ids for what is recorded of webhooks that are disabled.
    pub async fn settle_deliveries(
        &self,
        attempts: Vec<Attempts>,
        now: OffsetDateTime,
        id: impl Fn() -> AuditEventId + Send,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let mut by_webhook = BTreeMap::<WebhookId, Vec<Attempts>>::new();
        for one in attempts {
            by_webhook.entry(one.due.webhook).or_default().push(one);
        }
        let mut webhooks = lock(&transaction, by_webhook.keys()).await?;
        for (id_of_webhook, attempts) in by_webhook {
            // A webhook that was deleted has taken its deliveries along.
            let Some(row) = webhooks.remove(&id_of_webhook.to_string()) else { continue };
            settle_one(&transaction, row, attempts, now, &id).await?;
        }
        Ok(transaction.commit().await?)
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

async fn settle_one(
    on: &Transaction,
    row: webhook::Model,
    mut attempts: Vec<Attempts>,
    now: OffsetDateTime,
    id: impl Fn() -> AuditEventId,
) -> Result<(), StoreError> {
    // Those of a stream stay in their order.
    attempts.sort_by(|one, other| one.due.stream.cmp(&other.due.stream));
    let failures = u32::try_from(row.failures).unwrap_or(u32::MAX);
    let mut standing = Standing { failures, failing_since: row.failing_since };
    let mut last = row.last_triggered_at;
    for of_stream in attempts.chunk_by(|one, next| one.due.stream == next.due.stream) {
        let Some(Attempts { due, .. }) = of_stream.first() else { continue };
        let stream = (row.id.as_str(), due.stream.as_str());
        if !is_held(on, due.lease, stream).await? {
            // It has passed to another owner, who stores what comes of it.
            continue;
        }
        let mut due_at = now;
        for Attempts { due, made } in of_stream {
            let Some((at, attempted)) = made else {
                due_at = now + UNTRIED_PAUSE;
                break;
            };
            let (next, again_at) = store(on, due, *at, attempted, now).await?;
            due_at = again_at.unwrap_or(now);
            last = last.max(Some(*at));
            standing = match next {
                Next::Delivered => Standing::succeeded(),
                Next::GivenUp => standing.failed(now),
                Next::Retry(_) => standing,
            };
        }
        let_go(on, stream, Some(due_at)).await?;
    }
    let ends = row.status == WebhookStatus::Active.as_str() && standing.has_ended(now);
    let before = row.clone();
    let mut row = row.into_active_model();
    row.failures = Set(i32::try_from(standing.failures).unwrap_or(i32::MAX));
    row.failing_since = Set(standing.failing_since);
    row.last_triggered_at = Set(last);
    if ends {
        row.status = Set(WebhookStatus::Disabled.as_str().to_owned());
    }
    row.update(on).await?;
    if ends {
        hold(on, &before.id).await?;
        tell_disabled(on, &before, now, id()).await?;
    }
    Ok(())
}

/// Stores an attempt. Returns what follows from it, and when it is made again.
async fn store(
    on: &Transaction,
    due: &Due,
    at: OffsetDateTime,
    attempted: &Attempted,
    now: OffsetDateTime,
) -> Result<(Next, Option<OffsetDateTime>), StoreError> {
    use webhook_delivery::Column;

    let number = due.attempts.saturating_add(1);
    let before = due.redelivered_after.unwrap_or_default();
    let next = after(number.saturating_sub(before), attempted.outcome);
    let status = match next {
        Next::Delivered => DeliveryStatus::Delivered,
        Next::GivenUp => DeliveryStatus::Failed,
        Next::Retry(_) => DeliveryStatus::Pending,
    };
    let pause = match next {
        Next::Retry(pause) => time::Duration::try_from(pause).ok(),
        Next::Delivered | Next::GivenUp => None,
    };
    let again_at = pause.map(|pause| now + pause);
    let (code, error) = said(attempted.outcome);
    let millis = i64::try_from(attempted.took.as_millis()).unwrap_or(i64::MAX);
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    webhook_delivery::Entity::update_many()
        .col_expr(Column::Status, Expr::value(status.as_str()))
        .col_expr(Column::Attempts, Expr::value(number))
        .col_expr(Column::StatusCode, Expr::value(code))
        .col_expr(Column::Error, Expr::value(error))
        .col_expr(Column::DurationMs, Expr::value(millis))
        .col_expr(Column::NextAttemptAt, Expr::value(again_at))
        .filter(Column::Id.eq(due.delivery.as_str()))
        .exec(on)
        .await?;
    let attempt = webhook_attempt::Model {
        delivery_id: due.delivery.clone(),
        number,
        at,
        status_code: code,
        error: error.map(str::to_owned),
        duration_ms: millis,
        answer: attempted.answer.clone(),
    };
    let attempt = webhook_attempt::ActiveModel::from(attempt);
    webhook_attempt::Entity::insert(attempt).exec_without_returning(on).await?;
    Ok((next, again_at))
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
    announce(on, told).await
}
