//! Makes the API's audit events from stored entries.

use integrations_core::wire::{Actor, AuditEvent, Open, RawJson};

use crate::store::AuditEntry;

/// The audit event of a stored entry.
pub(super) fn event(entry: AuditEntry) -> Result<AuditEvent, serde_json::Error> {
    Ok(AuditEvent {
        id: entry.id,
        action: Open::read(&entry.action),
        actor: Actor {
            kind: Open::read(&entry.actor_kind),
            api_key_id: entry.actor_key_id,
            name: entry.actor_key_name,
        },
        provider: entry.provider,
        integration_id: entry.integration_id,
        request_id: entry.request_id,
        changes: RawJson::from_text(entry.changes)?,
        created_at: entry.at,
    })
}
