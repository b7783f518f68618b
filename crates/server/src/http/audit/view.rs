//! How an event looks on the wire.

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::store::AuditEntry;

/// Something that was done to a project or one of its integrations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(super) struct AuditEventView<'a> {
    /// `aud_…`; later events have later ids.
    #[schema(example = "aud_01jc3q5v6w7x8y9zabcdefghjk")]
    id: &'a str,
    /// What was done.
    #[schema(example = "integration.lifecycle.updated")]
    action: &'a str,
    /// Who did it.
    actor: ActorView<'a>,
    /// The integration's provider; null where it is about no integration.
    #[schema(required, example = "slack")]
    provider: Option<&'a str>,
    /// `int_…`; null where it is about no integration.
    #[schema(required, example = "int_01jc3q5v6w7x8y9zabcdefghjk")]
    integration_id: Option<&'a str>,
    /// The request that asked for it; null where none did.
    #[schema(required, example = "req_01jc3q5v6w7x8y9zabcdefghjk")]
    request_id: Option<&'a str>,
    /// What it changed, field by field. Secrets are redacted.
    #[schema(value_type = Vec<ChangeView>)]
    changes: &'a RawValue,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(example = "2026-05-17T17:55:00Z")]
    created_at: OffsetDateTime,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorView<'a> {
    /// `api_key`, `operator` (a person at the server's own command line) or `system`.
    #[schema(example = "api_key")]
    kind: &'a str,
    /// The API key's id; null where it was none.
    #[schema(required, example = "key_01jc3q5v6w7x8y9zabcdefghjk")]
    api_key_id: Option<&'a str>,
    /// What the API key is for; null where it was none.
    #[schema(required, example = "Help desk")]
    name: Option<&'a str>,
}

/// One field that changed.
#[derive(Debug, ToSchema)]
#[schema(as = Change)]
#[expect(dead_code, reason = "describes integrations_core::audit::Change to the specification")]
struct ChangeView {
    /// Where, for example `settings.refunds_enabled`.
    #[schema(example = "status")]
    path: String,
    /// The value before; null where there was none.
    #[schema(required, example = "active")]
    from: Option<Value>,
    /// The value after; null where there is none.
    #[schema(required, example = "paused")]
    to: Option<Value>,
}

impl<'a> AuditEventView<'a> {
    /// The view of an entry.
    pub(super) fn new(entry: &'a AuditEntry) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: &entry.id,
            action: &entry.action,
            actor: ActorView {
                kind: &entry.actor_kind,
                api_key_id: entry.actor_key_id.as_deref(),
                name: entry.actor_key_name.as_deref(),
            },
            provider: entry.provider.as_deref(),
            integration_id: entry.integration_id.as_deref(),
            request_id: entry.request_id.as_deref(),
            changes: serde_json::from_str(&entry.changes)?,
            created_at: entry.at,
        })
    }
}
