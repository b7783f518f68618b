//! A project's webhooks, and what was sent to them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Open;
use crate::webhook::{DeliveryStatus, EventType, SendFailure, Waiting, WebhookStatus};

/// A receiver of a project's events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// `whk_…`
    #[cfg_attr(feature = "openapi", schema(example = "whk_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// Where events are sent to.
    #[cfg_attr(feature = "openapi", schema(example = "https://app.example/hooks/riq"))]
    pub url: String,
    /// What it is told: names of events, prefixes such as `integration.*`, or `*` for all.
    #[cfg_attr(feature = "openapi", schema(example = json!(["integration.*"])))]
    pub events: Vec<String>,
    /// Whether it is sent anything.
    #[cfg_attr(feature = "openapi", schema(value_type = WebhookStatus, example = "active"))]
    pub status: Open<WebhookStatus>,
    /// How many deliveries were given up since the last success.
    #[cfg_attr(feature = "openapi", schema(example = 0))]
    pub failure_count: u32,
    /// When it was last sent something; null: never.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:00Z"))]
    pub last_triggered_at: Option<OffsetDateTime>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-01T10:00:00Z"))]
    pub created_at: OffsetDateTime,
}

/// A new webhook. The secret is in this answer alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewWebhook {
    /// What is shown of it later too.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// What messages are signed with. Null in a repeated answer: rotate the secret if it was lost.
    #[cfg_attr(feature = "openapi", schema(required, example = "whsec_…"))]
    pub secret: Option<String>,
}

/// The response with one webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookResponse {
    /// The webhook.
    pub data: Webhook,
}

/// The response with a new webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewWebhookResponse {
    /// The new webhook.
    pub data: NewWebhook,
}

/// The response with a project's webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookList {
    /// The webhooks, oldest first.
    pub data: Vec<Webhook>,
}

/// A webhook to be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateWebhook {
    /// Where events are sent to: https, or http on this machine.
    #[cfg_attr(feature = "openapi", schema(max_length = 2048, example = "https://app.example/hooks/riq"))]
    pub url: String,
    /// What it is told: names of events, prefixes such as `integration.*`, or `*` for all.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 50, example = json!(["integration.*"])))]
    pub events: Vec<String>,
    /// Left out: `active`. What happens while it is `disabled` waits until it is switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "active"))]
    pub status: Option<WebhookStatus>,
}

/// What to change of a webhook: at least one field. A field that is left out does not change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(min_properties = 1))]
pub struct UpdateWebhook {
    /// Where events are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 2048))]
    pub url: Option<String>,
    /// What it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_items = 1, max_items = 50, example = json!(["*"])))]
    pub events: Option<Vec<String>>,
    /// `disabled` holds what happens from now on; `active` sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "active"))]
    pub status: Option<WebhookStatus>,
    /// What becomes of what waits at a disabled webhook that is switched on. Left out: it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "send"))]
    pub waiting: Option<Waiting>,
}

/// How to rotate a webhook's secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RotateWebhookSecret {
    /// How long the old secret signs too, in seconds. Zero or left out: it stops at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, minimum = 0, maximum = 2592000, example = 3600)
    )]
    pub overlap_seconds: Option<u64>,
}

/// A webhook's new secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookSecret {
    /// What messages are signed with from now on. Null in a repeated answer: rotate again if it was lost.
    #[cfg_attr(feature = "openapi", schema(required, example = "whsec_…"))]
    pub secret: Option<String>,
    /// Until when the old secret signs too; null: it stopped.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub old_secret_until: Option<OffsetDateTime>,
}

/// The response with a webhook's new secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookSecretResponse {
    /// The secret.
    pub data: WebhookSecret,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookTest {
    /// Whether the receiver answered with 2xx.
    pub delivered: bool,
    /// The status that it answered with; null: it did not answer.
    #[cfg_attr(feature = "openapi", schema(required, example = 200))]
    pub status_code: Option<u16>,
    /// How long that took, in milliseconds.
    #[cfg_attr(feature = "openapi", schema(example = 143))]
    pub duration_ms: u64,
    /// Why it did not answer; null if it did.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<SendFailure>, example = json!(null)))]
    pub error: Option<Open<SendFailure>>,
}

/// The response with what came of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookTestResponse {
    /// What came of it.
    pub data: WebhookTest,
}

/// An event on its way to one webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDelivery {
    /// `dlv_…`
    #[cfg_attr(feature = "openapi", schema(example = "dlv_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The event's id, the same at every webhook: `evt_…`
    #[cfg_attr(feature = "openapi", schema(example = "evt_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub event_id: String,
    /// What happened.
    #[cfg_attr(feature = "openapi", schema(value_type = EventType, example = "integration.lifecycle.updated"))]
    pub event: Open<EventType>,
    /// How far it is.
    #[cfg_attr(feature = "openapi", schema(value_type = DeliveryStatus, example = "delivered"))]
    pub status: Open<DeliveryStatus>,
    /// How many attempts were made.
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub attempt: u32,
    /// What the receiver answered to the last attempt; null: nothing, or there was none.
    #[cfg_attr(feature = "openapi", schema(required, example = 200))]
    pub status_code: Option<u16>,
    /// Why it did not answer the last attempt; null if it did.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<SendFailure>, example = json!(null)))]
    pub error: Option<Open<SendFailure>>,
    /// How long the last attempt took, in milliseconds; 0 if there was none.
    #[cfg_attr(feature = "openapi", schema(example = 143))]
    pub duration_ms: u64,
    /// When the next attempt is due; null if there is none.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub next_attempt_at: Option<OffsetDateTime>,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub created_at: OffsetDateTime,
}

/// A page of a webhook's deliveries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDeliveryList {
    /// The deliveries, newest first.
    pub data: Vec<WebhookDelivery>,
    /// What to give to get the next page; null if this is the last.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookAttempt {
    /// Its number, from 1.
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub number: u32,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub at: OffsetDateTime,
    /// What the receiver answered; null: nothing.
    #[cfg_attr(feature = "openapi", schema(required, example = 200))]
    pub status_code: Option<u16>,
    /// Why it did not answer; null if it did.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<SendFailure>, example = json!(null)))]
    pub error: Option<Open<SendFailure>>,
    /// How long it took, in milliseconds.
    #[cfg_attr(feature = "openapi", schema(example = 143))]
    pub duration_ms: u64,
    /// The start of the receiver's answer, at most 4 KiB.
    #[cfg_attr(feature = "openapi", schema(example = "ok"))]
    pub answer: String,
}

/// A delivery with its message and its attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDeliveryDetails {
    /// What the list shows too.
    #[serde(flatten)]
    pub delivery: WebhookDelivery,
    /// The message, exactly as it is sent.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "{\"id\":\"evt_…\",\"type\":\"integration.lifecycle.updated\"}")
    )]
    pub body: String,
    /// The attempts, oldest first.
    pub attempts: Vec<WebhookAttempt>,
}

/// The response with one delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDeliveryResponse {
    /// The delivery.
    pub data: WebhookDeliveryDetails,
}

/// Which messages to send again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeliverWebhook {
    /// Those of events since then that were not delivered, as text of RFC 3339.
    #[cfg_attr(feature = "openapi", schema(value_type = OffsetDateTime, example = "2026-05-17T12:00:00Z"))]
    pub since: String,
}

/// How many messages are sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeliveredWebhook {
    /// How many.
    #[cfg_attr(feature = "openapi", schema(example = 12))]
    pub redelivered: u64,
}

/// The response with how many messages are sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeliveredWebhookResponse {
    /// How many.
    pub data: RedeliveredWebhook,
}
