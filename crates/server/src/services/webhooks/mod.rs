//! The service for webhooks: makes and changes them, tests them, shows what was sent to them, and sends it again.

mod error;
mod message;
mod retention;
mod sender;
mod sending;

use std::sync::Arc;

use integrations_core::{
    audit::{Acting, AuditAction, Change, change},
    ids::{DeliveryId, EventId, WebhookId},
    webhook::{
        Attempted, DeliveryStatus, Event, EventType, NewWebhook, Secret, SecretRotation, Subject,
        WebhookStatus, WebhookUpdate, shown_url,
    },
};
use serde_json::{Value, json};

use self::message::Message;
pub use self::{error::TestError, retention::WebhookRetention, sender::DeliveryWork};
use super::page::{Entry, Page};
use crate::{
    environment::Environment,
    metrics::Metrics,
    provider::outbound::{Outbound, OutboundError, Receivers},
    store::{
        Again, Announcement, DeliveryDetails, DeliveryRow, NewAuditEvent, NewSecret, NewWebhookRow,
        OwnedError, ReadError, RememberedAnswer, Store, StoreError, Tenant, TestedWebhook, WebhookRecord,
        details_of_a_test,
    },
    vault::{Purpose, Vault},
};

/// The webhooks of projects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Webhooks {
    store: Store,
    vault: Arc<Vault>,
    environment: Environment,
    receivers: Receivers,
    metrics: Metrics,
}

/// A new webhook, with its secret, which cannot be shown again.
#[derive(Debug)]
pub struct IssuedWebhook {
    /// What is stored of it.
    pub record: WebhookRecord,
    /// What messages are signed with.
    pub secret: Secret,
}

impl Entry for DeliveryRow {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Webhooks {
    /// The webhooks in `store`.
    pub fn new(
        store: Store,
        vault: Arc<Vault>,
        environment: Environment,
        outbound: &Outbound,
        metrics: Metrics,
    ) -> Result<Self, OutboundError> {
        Ok(Self { store, vault, environment, receivers: outbound.to_receivers()?, metrics })
    }

    /// A tenant's webhooks, oldest first.
    pub async fn list(&self, tenant: &Tenant) -> Result<Vec<WebhookRecord>, ReadError> {
        self.store.webhooks(tenant).await
    }

    /// A tenant's webhook.
    pub async fn get(&self, tenant: &Tenant, id: WebhookId) -> Result<Option<WebhookRecord>, ReadError> {
        self.store.webhook(tenant, id).await
    }

    /// Makes a webhook, and remembers the `answer` to the request for it.
    pub async fn create(
        &self,
        tenant: &Tenant,
        new: NewWebhook,
        acting: Acting,
        answer: impl FnOnce(&WebhookRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<IssuedWebhook, OwnedError> {
        let id: WebhookId = self.environment.id();
        let (secret, sealed) = self.new_secret(id);
        let changes = [
            change("id", Value::Null, id.to_string()),
            change("url", Value::Null, shown_url(new.url.as_str())),
            change("events", Value::Null, json!(new.subscription.patterns())),
            (new.status != WebhookStatus::Active)
                .then(|| new.status.as_str())
                .and_then(|status| change("status", Value::Null, status)),
        ];
        let event = self.event(tenant, AuditAction::WebhookCreated, acting, changes.into_iter().flatten());
        let row = NewWebhookRow {
            id,
            project: tenant.project,
            url: new.url.into(),
            events: new.subscription.patterns().to_vec(),
            status: new.status,
            secret: sealed,
        };
        Ok(IssuedWebhook { record: self.store.create_webhook(row, event, answer).await?, secret })
    }

    /// Changes a webhook.
    pub async fn update(
        &self,
        tenant: &Tenant,
        id: WebhookId,
        update: WebhookUpdate,
        acting: Acting,
    ) -> Result<WebhookRecord, OwnedError> {
        let event = self.event(tenant, AuditAction::WebhookUpdated, acting, None);
        self.store.update_webhook((tenant.project, id), update, event).await
    }

    /// Deletes a webhook. Returns what it was.
    pub async fn delete(
        &self,
        tenant: &Tenant,
        id: WebhookId,
        acting: Acting,
    ) -> Result<WebhookRecord, OwnedError> {
        let changes = change("id", id.to_string(), Value::Null);
        let event = self.event(tenant, AuditAction::WebhookDeleted, acting, changes);
        self.store.delete_webhook((tenant.project, id), event).await
    }

    /// Replaces a webhook's secret, and remembers the `answer` to the request for it. Returns the new secret.
    pub async fn rotate(
        &self,
        tenant: &Tenant,
        id: WebhookId,
        rotation: SecretRotation,
        acting: Acting,
        answer: Option<RememberedAnswer>,
    ) -> Result<Secret, OwnedError> {
        let (secret, sealed) = self.new_secret(id);
        let changes = [
            change("id", Value::Null, id.to_string()),
            change("overlap_seconds", Value::Null, rotation.overlap.as_secs()),
        ];
        let event =
            self.event(tenant, AuditAction::WebhookSecretRotated, acting, changes.into_iter().flatten());
        let old_until = (!rotation.overlap.is_zero()).then(|| event.at + rotation.overlap);
        self.store.rotate_webhook_secret((tenant.project, id), sealed, old_until, event, answer).await?;
        Ok(secret)
    }

    /// Sends a test to a webhook, also to one that is disabled, and keeps what came of it.
    pub async fn test(&self, tenant: &Tenant, id: WebhookId) -> Result<Attempted, TestError> {
        let webhook = self.store.webhook(tenant, id).await?.ok_or(TestError::NotFound)?;
        let event = Announcement {
            id: self.environment.id::<integrations_core::ids::kind::Event>(),
            kind: EventType::WebhookTest,
            project: tenant.project,
            integration: None,
            details: details_of_a_test(),
            at: self.environment.now(),
            except: None,
            provider_event: None,
        };
        let secrets = self.store.webhook_secrets(id, event.at).await.map_err(ReadError::from)?;
        let body = self.test_body(&event);
        let message = Message {
            event: event.id,
            kind: event.kind,
            body: &body,
            url: &webhook.url,
            attempt: 1,
            is_redelivery: false,
        };
        let attempted = self.send(message, &secrets).await?;
        let tested = TestedWebhook { webhook: id, event, body, attempted: attempted.clone() };
        self.store.store_test(tested).await.map_err(ReadError::from)?;
        Ok(attempted)
    }

    /// A page of a tenant's deliveries to a webhook, newest first. `None`: there is no such webhook.
    pub async fn deliveries(
        &self,
        tenant: &Tenant,
        id: WebhookId,
        (before, status): (Option<DeliveryId>, Option<DeliveryStatus>),
        limit: u16,
    ) -> Result<Option<Page<DeliveryRow>>, ReadError> {
        if self.store.webhook(tenant, id).await?.is_none() {
            return Ok(None);
        }
        let read = self.store.deliveries(id, before, status, u64::from(limit) + 1).await?;
        Ok(Some(Page::of(read, limit)))
    }

    /// A tenant's delivery to a webhook, with its message and attempts.
    pub async fn delivery(
        &self,
        tenant: &Tenant,
        id: WebhookId,
        delivery: DeliveryId,
    ) -> Result<Option<DeliveryDetails>, ReadError> {
        self.store.delivery(tenant, id, delivery).await
    }

    /// Sends messages to a webhook again, and remembers the `answer` to the request for it. Returns how many.
    pub async fn redeliver(
        &self,
        tenant: &Tenant,
        id: WebhookId,
        again: Again,
        acting: Acting,
        answer: impl FnOnce(u64) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<u64, OwnedError> {
        let what = match again {
            Again::One(delivery) => change("delivery", Value::Null, delivery.to_string()),
            Again::Since(since) => {
                let since = since.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
                change("since", Value::Null, since)
            }
        };
        let changes = [change("id", Value::Null, id.to_string()), what].into_iter().flatten();
        let event = self.event(tenant, AuditAction::WebhookRedelivered, acting, changes);
        self.store.redeliver((tenant.project, id), again, event, answer).await
    }

    fn new_secret(&self, webhook: WebhookId) -> (Secret, NewSecret) {
        let secret = Secret::from_entropy(self.environment.bytes());
        let id = self.environment.id();
        let sealed = self.vault.seal(secret.expose().as_bytes(), Purpose::WebhookSecret { id, webhook });
        (secret, NewSecret { id, sealed })
    }

    fn test_body(&self, event: &Announcement) -> Vec<u8> {
        let subject = Subject { integration: None, details: event.details.clone() };
        let Announcement { id, kind, at, project, .. } = *event;
        let id: EventId = id;
        // Such an event can always be written.
        Event { id, kind, at, project, subject }.body().map(|body| body.numbered(0)).unwrap_or_default()
    }

    fn event(
        &self,
        tenant: &Tenant,
        action: AuditAction,
        acting: Acting,
        changes: impl IntoIterator<Item = Change>,
    ) -> NewAuditEvent {
        let event = NewAuditEvent::new(&self.environment, tenant.organization, action, acting);
        NewAuditEvent { project: Some(tenant.project), changes: changes.into_iter().collect(), ..event }
    }
}
