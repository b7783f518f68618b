//! Webhooks, and how what is in the outbox is sent to them.
//!
//! An event is put into the outbox at the end of the transaction of its change: one row of `webhook_events`, and a
//! delivery for each webhook that asks for it. Deliveries are sent in **streams**: those of one integration to one
//! webhook, one after another; what is about no integration is a stream of its own. A stream has a row in
//! `webhook_streams` as long as it has something to send. It says when, and who does it, by a lease.
//!
//! On PostgreSQL the locks of a transaction are taken in this order, and after all others: webhooks, streams,
//! deliveries. Whoever puts an event into the outbox locks the webhooks, too, FOR KEY SHARE: that waits for nobody but
//! who deletes them.

mod claim;
mod deliveries;
mod redeliver;
mod secrets;
mod settle;
mod statements;
mod streams;

pub use self::{
    claim::Due,
    deliveries::{AttemptRow, DeliveryDetails, DeliveryRow, TestedWebhook},
    redeliver::Again,
    secrets::{NewSecret, SealedSecret},
    settle::Attempts,
};

use integrations_core::{
    audit::{Change, change},
    ids::{ProjectId, WebhookId},
    scope::RequiredScope,
    webhook::{MAX_WEBHOOKS, Waiting, WebhookStatus, WebhookUpdate, shown_url},
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, LockType},
};
use serde_json::Value;
use time::OffsetDateTime;

use self::secrets::sealed_secrets;
use super::{
    NewAuditEvent, OwnedError, ReadError, RememberedAnswer, Store, StoreError, Tenant, audit,
    authority::Authority,
    entity::{webhook, webhook_secret},
    idempotency_keys,
    projects::owned,
    transaction::Transaction,
};

/// A webhook to be stored.
#[derive(Clone, Debug)]
pub struct NewWebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Its project.
    pub project: ProjectId,
    /// Where it is sent to.
    pub url: String,
    /// The patterns of what it is told.
    pub events: Vec<String>,
    /// Whether it is sent anything from the beginning.
    pub status: WebhookStatus,
    /// What it is signed with.
    pub secret: NewSecret,
}

/// A stored webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRecord {
    /// Its id.
    pub id: WebhookId,
    /// Its project.
    pub project: ProjectId,
    /// Where it is sent to. Path and query may be secret.
    pub url: String,
    /// The patterns of what it is told.
    pub events: Vec<String>,
    /// Whether it is sent anything.
    pub status: WebhookStatus,
    /// How many deliveries were given up since the last success.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<OffsetDateTime>,
    /// When it was last sent something.
    pub last_triggered_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl TryFrom<webhook::Model> for WebhookRecord {
    type Error = StoreError;

    fn try_from(row: webhook::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("webhook {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            project: row.project_id.parse().map_err(|_| damaged("project"))?,
            events: serde_json::from_str(&row.events).map_err(|_| damaged("events"))?,
            status: row.status.parse().map_err(|_| damaged("status"))?,
            failures: u32::try_from(row.failures).map_err(|_| damaged("failures"))?,
            failing_since: row.failing_since,
            last_triggered_at: row.last_triggered_at,
            created_at: row.created_at,
            url: row.url.clone(),
        })
    }
}

impl Store {
    /// A tenant's webhooks, oldest first.
    pub async fn webhooks(&self, tenant: &Tenant) -> Result<Vec<WebhookRecord>, ReadError> {
        self.admit(tenant).await?;
        let rows = webhook::Entity::find()
            .filter(webhook::Column::ProjectId.eq(tenant.project.to_string()))
            .order_by_asc(webhook::Column::Id)
            .all(&self.reader)
            .await?;
        Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
    }

    /// A tenant's webhook.
    pub async fn webhook(&self, tenant: &Tenant, id: WebhookId) -> Result<Option<WebhookRecord>, ReadError> {
        self.admit(tenant).await?;
        let row = webhook::Entity::find_by_id(id.to_string())
            .filter(webhook::Column::ProjectId.eq(tenant.project.to_string()))
            .one(&self.reader)
            .await?;
        Ok(row.map(TryInto::try_into).transpose()?)
    }

    /// The secrets of a webhook that sign at `now`: first the one that counts.
    pub async fn webhook_secrets(
        &self,
        id: WebhookId,
        now: OffsetDateTime,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        sealed_secrets(&self.reader, &[id], now).await
    }

    /// Stores a webhook, and remembers the `answer` to the request for it.
    pub async fn create_webhook(
        &self,
        new: NewWebhookRow,
        event: NewAuditEvent,
        answer: impl FnOnce(&WebhookRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<WebhookRecord, OwnedError> {
        let transaction = self.begin().await?;
        hold(&transaction, new.project, &event).await?;
        let of_project = webhook::Column::ProjectId.eq(new.project.to_string());
        let count = webhook::Entity::find().filter(of_project).count(&transaction).await?;
        if count >= MAX_WEBHOOKS as u64 {
            return Err(OwnedError::TooMany(MAX_WEBHOOKS));
        }
        let row = webhook::Model {
            id: new.id.to_string(),
            project_id: new.project.to_string(),
            url: new.url,
            events: Value::from(new.events).to_string(),
            status: new.status.as_str().to_owned(),
            failures: 0,
            failing_since: None,
            last_triggered_at: None,
            created_at: event.at,
        };
        let insert = webhook::ActiveModel::from(row.clone());
        webhook::Entity::insert(insert).exec_without_returning(&transaction).await?;
        insert_secret(&transaction, new.id, new.secret, event.at).await?;
        let record = WebhookRecord::try_from(row)?;
        idempotency_keys::remember(&transaction, answer(&record)?).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Changes a webhook. The event gets its changes here. If nothing changes, nothing is recorded. One that is
    /// switched on begins with no failures.
    pub async fn update_webhook(
        &self,
        (project, id): (ProjectId, WebhookId),
        update: WebhookUpdate,
        mut event: NewAuditEvent,
    ) -> Result<WebhookRecord, OwnedError> {
        let transaction = self.begin().await?;
        hold(&transaction, project, &event).await?;
        let before = locked(&transaction, project, id).await?;
        let mut after = before.clone();
        if let Some(url) = update.url {
            after.url = url.into();
        }
        if let Some(subscription) = update.subscription {
            after.events = Value::from(subscription.patterns().to_vec()).to_string();
        }
        if let Some(status) = update.status {
            after.status = status.as_str().to_owned();
        }
        let changes = changes(&before, &after);
        if changes.is_empty() {
            return Ok(before.try_into()?);
        }
        event.changes = changes;
        match (before.status == after.status, update.status) {
            (false, Some(WebhookStatus::Active)) => {
                (after.failures, after.failing_since) = (0, None);
                let dropped = update.waiting == Some(Waiting::Drop);
                streams::resume(&transaction, &after.id, dropped, event.at).await?;
            }
            (false, Some(WebhookStatus::Disabled)) => streams::hold(&transaction, &after.id).await?,
            (true, _) | (false, None) => {}
        }
        after.clone().into_active_model().reset_all().update(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.makes_due();
        transaction.commit().await?;
        Ok(after.try_into()?)
    }

    /// Deletes a webhook, with its secrets and deliveries. Returns what it was.
    pub async fn delete_webhook(
        &self,
        (project, id): (ProjectId, WebhookId),
        event: NewAuditEvent,
    ) -> Result<WebhookRecord, OwnedError> {
        let transaction = self.begin().await?;
        hold(&transaction, project, &event).await?;
        let row = locked(&transaction, project, id).await?;
        webhook::Entity::delete_by_id(&row.id).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(row.try_into()?)
    }

    /// Replaces the secret of a webhook, and remembers the `answer` to the request for it. The one before signs until
    /// `old_until`; earlier ones stop.
    pub async fn rotate_webhook_secret(
        &self,
        (project, id): (ProjectId, WebhookId),
        secret: NewSecret,
        old_until: Option<OffsetDateTime>,
        event: NewAuditEvent,
        answer: Option<RememberedAnswer>,
    ) -> Result<(), OwnedError> {
        use webhook_secret::Column;

        let transaction = self.begin().await?;
        hold(&transaction, project, &event).await?;
        let row = locked(&transaction, project, id).await?;
        idempotency_keys::remember(&transaction, answer).await?;
        let of_webhook = || Column::WebhookId.eq(row.id.as_str());
        let ended = webhook_secret::Entity::delete_many().filter(of_webhook());
        match old_until {
            None => ended.exec(&transaction).await?,
            Some(_) => ended.filter(Column::RetiresAt.is_not_null()).exec(&transaction).await?,
        };
        webhook_secret::Entity::update_many()
            .col_expr(Column::RetiresAt, Expr::value(old_until))
            .filter(of_webhook())
            .exec(&transaction)
            .await?;
        insert_secret(&transaction, id, secret, event.at).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Checks that the actor of the event may change webhooks of a project that is in use, and locks it.
async fn hold(on: &Transaction, project: ProjectId, event: &NewAuditEvent) -> Result<(), OwnedError> {
    let holder = Authority::from(event).hold(on, RequiredScope::WEBHOOKS_WRITE).await?;
    let row = owned(on, project, event, &holder).await?;
    if row.revoked_at.is_some() { Err(OwnedError::Ended) } else { Ok(()) }
}

async fn locked(on: &Transaction, project: ProjectId, id: WebhookId) -> Result<webhook::Model, OwnedError> {
    let found = webhook::Entity::find_by_id(id.to_string())
        .filter(webhook::Column::ProjectId.eq(project.to_string()))
        .lock(LockType::NoKeyUpdate)
        .one(on)
        .await?;
    found.ok_or(OwnedError::NotFound)
}

async fn insert_secret(
    on: &Transaction,
    webhook: WebhookId,
    secret: NewSecret,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let row = webhook_secret::Model {
        id: secret.id.to_string(),
        webhook_id: webhook.to_string(),
        sealed: secret.sealed,
        created_at: at,
        retires_at: None,
    };
    let row = webhook_secret::ActiveModel::from(row);
    webhook_secret::Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// What differs. Path and query of the address may be secret, so only its host is recorded.
fn changes(before: &webhook::Model, after: &webhook::Model) -> Vec<Change> {
    let id = &before.id;
    let events = |row: &webhook::Model| serde_json::from_str::<Value>(&row.events).unwrap_or_default();
    let url = match before.url == after.url {
        true => None,
        false => Some(Change {
            path: format!("{id}.url"),
            from: shown_url(&before.url).into(),
            to: shown_url(&after.url).into(),
        }),
    };
    [
        url,
        change(format!("{id}.events"), events(before), events(after)),
        change(format!("{id}.status"), before.status.as_str(), after.status.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
