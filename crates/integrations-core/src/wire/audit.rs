//! The audit log.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Open, RawJson};
use crate::audit::{ActorKind, AuditAction, Change};

/// Something that was done to a project or one of its integrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEvent {
    /// `aud_…`; later events have later ids.
    #[cfg_attr(feature = "openapi", schema(example = "aud_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// What was done.
    #[cfg_attr(feature = "openapi", schema(value_type = AuditAction, example = "integration.lifecycle.updated"))]
    pub action: Open<AuditAction>,
    /// Who did it.
    pub actor: Actor,
    /// The integration's provider, with the alias of a further account; null if the event is not about an integration.
    #[cfg_attr(feature = "openapi", schema(required, example = "slack"))]
    pub provider: Option<String>,
    /// `int_…`; null if the event is not about an integration.
    #[cfg_attr(feature = "openapi", schema(required, example = "int_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub integration_id: Option<String>,
    /// The id of the request that caused it; null if no request did.
    #[cfg_attr(feature = "openapi", schema(required, example = "req_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub request_id: Option<String>,
    /// What it changed, field by field. Secrets are redacted.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Change>))]
    pub changes: RawJson<Vec<Change>>,
    /// When it was done.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub created_at: OffsetDateTime,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The kind of actor.
    #[cfg_attr(feature = "openapi", schema(value_type = ActorKind, example = "api_key"))]
    pub kind: Open<ActorKind>,
    /// The API key's id; null if the actor is not an API key.
    #[cfg_attr(feature = "openapi", schema(required, example = "key_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub api_key_id: Option<String>,
    /// The person's id; null if the actor is not a person.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub user_id: Option<String>,
    /// The name of the API key or person; null if the actor is neither.
    #[cfg_attr(feature = "openapi", schema(required, example = "Help desk"))]
    pub name: Option<String>,
}

/// A page of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEventList {
    /// The events, newest first.
    pub data: Vec<AuditEvent>,
    /// Send this as `cursor` to get the next page; null on the last page.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}
