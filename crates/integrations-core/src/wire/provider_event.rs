//! Events that providers send, and the addresses that they send them to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Open;
use crate::{
    catalog::{AddressOf, SecretSource},
    inbound::Reason,
    words::words,
};

words! {
    /// Whether there is a secret to verify events with.
    pub enum EventSecretStatus {
        /// There is none, so nothing is taken.
        Missing = "missing",
        /// There is one.
        Set = "set",
        /// There is a new one, and the one before it counts until `old_secret_until`.
        Replaced = "replaced",
    }
}

/// An event that a provider sent to an integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderEvent {
    /// `pev_…`
    #[cfg_attr(feature = "openapi", schema(example = "pev_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The provider's id of it.
    #[cfg_attr(feature = "openapi", schema(required, example = "evt_1NG8Du2eZvKYlo2CUI79vXWy"))]
    pub provider_event_id: Option<String>,
    /// Its type, as the provider calls it.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(required, example = "charge.refunded"))]
    pub kind: Option<String>,
    /// The account at the provider that it happened in, if it says so.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub account: Option<String>,
    /// When it happened, if the provider says so in what it signs.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:54:58Z"))]
    pub occurred_at: Option<OffsetDateTime>,
    /// When it arrived.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub received_at: OffsetDateTime,
    /// The number of the provider's attempt, if it says so.
    #[cfg_attr(feature = "openapi", schema(required, example = 1))]
    pub attempt: Option<u32>,
    /// Whether the provider says that it sent it before.
    #[cfg_attr(feature = "openapi", schema(example = false))]
    pub is_repeat: bool,
    /// The provider's headers that matter.
    #[cfg_attr(feature = "openapi", schema(example = json!({"x-shopify-topic": "orders/create"})))]
    pub headers: Map<String, Value>,
    /// Whether the provider's signature covers the body.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_body_signed: bool,
    /// The SHA-256 of the body, in hexadecimal digits.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    )]
    pub body_sha256: String,
    /// How many bytes the body has.
    #[cfg_attr(feature = "openapi", schema(example = 2))]
    pub body_size: u64,
}

/// An event with its body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderEventDetails {
    /// What lists show of it too.
    #[serde(flatten)]
    pub event: ProviderEvent,
    /// The body, exactly as the provider wrote it. Null: it is not UTF-8, or is not kept any more.
    #[cfg_attr(feature = "openapi", schema(required, example = "{}"))]
    pub body: Option<String>,
    /// The body in base64, if it is not UTF-8.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub body_base64: Option<String>,
}

/// The response with one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderEventResponse {
    /// The event.
    pub data: ProviderEventDetails,
}

/// The response with a page of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderEventList {
    /// The events, newest first.
    pub data: Vec<ProviderEvent>,
    /// What to send as `cursor` for the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// An address that a provider sends events to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSource {
    /// The provider's key.
    #[cfg_attr(feature = "openapi", schema(example = "stripe"))]
    pub provider: String,
    /// Whose address it is.
    #[cfg_attr(feature = "openapi", schema(value_type = AddressOf, example = "integration"))]
    pub address_of: Open<AddressOf>,
    /// The address. Whoever knows it can send there, so it is shown only with the scope that changes it. Null: it is
    /// not shown, or there is none at the moment.
    #[cfg_attr(
        feature = "openapi",
        schema(required, example = "https://riq.example/hooks/evs_01jc3q5v6w7x8y9zabcdefghjk/…")
    )]
    pub url: Option<String>,
    /// What to do with it at the provider.
    #[cfg_attr(feature = "openapi", schema(example = "Add an event destination with the address."))]
    pub enter: String,
    /// The page at the provider where it is entered.
    #[cfg_attr(feature = "openapi", schema(required, example = "https://dashboard.stripe.com/webhooks"))]
    pub page: Option<String>,
    /// The provider's documentation of its events.
    #[cfg_attr(feature = "openapi", schema(example = "https://docs.stripe.com/webhooks"))]
    pub documentation_url: String,
    /// Where the secret comes from that events are verified with.
    #[cfg_attr(feature = "openapi", schema(value_type = SecretSource, example = "person"))]
    pub secret_source: Open<SecretSource>,
    /// Whether there is one. It is never returned.
    #[cfg_attr(feature = "openapi", schema(value_type = EventSecretStatus, example = "set"))]
    pub secret_status: Open<EventSecretStatus>,
    /// Until when the secret before counts too.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub old_secret_until: Option<OffsetDateTime>,
    /// What was refused here, the latest first.
    pub refusals: Vec<EventRefusal>,
}

/// Requests to an address that were refused, or events that were of no integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventRefusal {
    /// Why.
    #[cfg_attr(feature = "openapi", schema(value_type = Reason, example = "wrong_signature"))]
    pub reason: Open<Reason>,
    /// The same in words, with what to do.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "Signed, but not by your secret. Copy the secret of this address again")
    )]
    pub message: String,
    /// What type of event they claimed to be. It was not verified.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub claimed_type: Option<String>,
    /// How many there were.
    #[cfg_attr(feature = "openapi", schema(example = 3))]
    pub count: u64,
    /// When the last was.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub last_at: OffsetDateTime,
}

/// The response with an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSourceResponse {
    /// The address.
    pub data: EventSource,
}

/// The secret to verify events with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetEventSecret {
    /// The secret, as the provider shows it. Blanks at its ends are left out. It is stored sealed and never returned.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 4096, write_only, example = "whsec_…")
    )]
    pub secret: String,
    /// How long the secret before counts too, in seconds. Zero or left out: it stops at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, minimum = 0, maximum = 2592000, example = 86400)
    )]
    pub overlap_seconds: Option<u32>,
}
