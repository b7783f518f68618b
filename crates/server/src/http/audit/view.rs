//! Makes the API's audit events from stored entries.

use integrations_core::{
    audit::ActorKind,
    wire::{Actor, AuditEvent, Open, RawJson},
};

use crate::store::AuditEntry;

/// The audit event of a stored entry.
pub(super) fn event(entry: AuditEntry) -> Result<AuditEvent, serde_json::Error> {
    Ok(AuditEvent {
        id: entry.id,
        action: Open::read(&entry.action),
        actor: Actor {
            kind: Open::read(&entry.actor_kind),
            api_key_id: (entry.actor_kind == ActorKind::ApiKey.as_str())
                .then(|| entry.actor_id.clone())
                .flatten(),
            user_id: (entry.actor_kind == ActorKind::User.as_str()).then_some(entry.actor_id).flatten(),
            name: entry.actor_key_name.or(entry.actor_user_name).or(entry.actor_user_email),
        },
        provider: entry.provider,
        integration_id: entry.integration_id,
        request_id: entry.request_id,
        changes: RawJson::from_text(entry.changes)?,
        created_at: entry.at,
    })
}
