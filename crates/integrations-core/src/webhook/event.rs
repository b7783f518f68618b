//! What is told to webhooks.

use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    audit::AuditAction,
    ids::{EventId, IntegrationId, ProjectId},
    words::words,
};

words! {
    /// What a webhook is told.
    pub enum EventType {
        /// An installation finished or a credential was imported.
        IntegrationInstalled = "integration.installed",
        /// Status, name, sidebar, settings or permissions changed.
        IntegrationLifecycleUpdated = "integration.lifecycle.updated",
        /// An integration was disconnected.
        IntegrationDisconnected = "integration.disconnected",
        /// An integration became healthy, got into trouble, or recovered.
        IntegrationHealthChanged = "integration.health.changed",
        /// The provider refuses an integration's credential.
        IntegrationErrored = "integration.errored",
        /// An integration's tokens were replaced by new ones.
        IntegrationCredentialRefreshed = "integration.credential.refreshed",
        /// A call of an action waits for a person.
        ApprovalRequested = "approval.requested",
        /// A person approved or denied a call, or nobody did in time.
        ApprovalDecided = "approval.decided",
        /// A call of an action came to its end.
        ActionRunFinished = "action_run.finished",
        /// A provider sent an event to an integration.
        ProviderEvent = "provider.event",
        /// A webhook was disabled, because too much could not be delivered. Told to the others of the project.
        WebhookDisabled = "webhook.disabled",
        /// Sent on request, to see whether it arrives. It reaches the webhook that it tests, whatever that asks for.
        WebhookTest = "webhook.test",
    }
}

impl EventType {
    /// What is told of a change that is recorded as `action`. `None`: nothing is.
    pub const fn of(action: AuditAction) -> Option<Self> {
        match action {
            AuditAction::IntegrationInstalled => Some(Self::IntegrationInstalled),
            AuditAction::IntegrationLifecycleUpdated => Some(Self::IntegrationLifecycleUpdated),
            AuditAction::IntegrationDisconnected => Some(Self::IntegrationDisconnected),
            AuditAction::IntegrationHealthChanged => Some(Self::IntegrationHealthChanged),
            AuditAction::IntegrationErrored => Some(Self::IntegrationErrored),
            AuditAction::IntegrationCredentialRefreshed => Some(Self::IntegrationCredentialRefreshed),
            _ => None,
        }
    }
}

/// Which integration an event is about, as it is after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubjectIntegration {
    /// Its id.
    pub id: IntegrationId,
    /// Its provider, with its alias, as in paths of the API.
    pub provider: String,
    /// Its status.
    pub status: String,
    /// Its health.
    pub health_status: String,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The integration, if it is about one.
    pub integration: Option<SubjectIntegration>,
    /// What else it says: ids, status and what changed. Never an input, a result or a secret.
    pub details: Map<String, Value>,
}

/// An event, as receivers are told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id, the same in every attempt and at every webhook.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// When.
    pub at: OffsetDateTime,
    /// The project.
    pub project: ProjectId,
    /// What it is about.
    pub subject: Subject,
}

#[derive(Serialize)]
struct Before {
    id: EventId,
    #[serde(rename = "type")]
    kind: EventType,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Serialize)]
struct After<'a> {
    project_id: ProjectId,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    integration: Option<&'a SubjectIntegration>,
    #[serde(flatten)]
    details: &'a Map<String, Value>,
}

/// The body of a message, in JSON, but for its `sequence`: a whole number that says where the event stands among those
/// of its integration. A later event has a higher one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unnumbered {
    /// The bytes before the sequence.
    pub before: Vec<u8>,
    /// Those after it.
    pub after: Vec<u8>,
}

impl Unnumbered {
    /// The bytes that are stored and sent.
    pub fn numbered(&self, sequence: i64) -> Vec<u8> {
        [self.before.as_slice(), sequence.to_string().as_bytes(), self.after.as_slice()].concat()
    }
}

impl Event {
    /// The body of the message.
    ///
    /// # Errors
    ///
    /// Only if serde cannot write it, which no value of this type makes happen.
    pub fn body(&self) -> Result<Unnumbered, serde_json::Error> {
        let data = Data { integration: self.subject.integration.as_ref(), details: &self.subject.details };
        let mut before = serde_json::to_vec(&Before { id: self.id, kind: self.kind, created_at: self.at })?;
        before.pop(); // The end of the object, which goes on.
        before.extend_from_slice(br#","sequence":"#);
        let mut after = serde_json::to_vec(&After { project_id: self.project, data })?;
        if let Some(begin) = after.first_mut() {
            *begin = b',';
        }
        Ok(Unnumbered { before, after })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_body_says_what_happened_to_what_and_when() {
        let integration = SubjectIntegration {
            id: IntegrationId::from_bits(1),
            provider: "shopify~eu".into(),
            status: "paused".into(),
            health_status: "healthy".into(),
        };
        let changes = json!([{"path": "status", "from": "active", "to": "paused"}]);
        let event = Event {
            id: EventId::from_bits(2),
            kind: EventType::IntegrationLifecycleUpdated,
            at: datetime!(2026-05-17 17:55 UTC),
            project: ProjectId::from_bits(3),
            subject: Subject {
                integration: Some(integration),
                details: Map::from_iter([("changes".to_owned(), changes)]),
            },
        };
        let body: Value = serde_json::from_slice(&event.body().unwrap().numbered(7)).unwrap();
        assert_eq!(
            body,
            json!({
                "id": "evt_00000000000000000000000002",
                "type": "integration.lifecycle.updated",
                "created_at": "2026-05-17T17:55:00Z",
                "sequence": 7,
                "project_id": "prj_00000000000000000000000003",
                "data": {
                    "integration": {
                        "id": "int_00000000000000000000000001",
                        "provider": "shopify~eu",
                        "status": "paused",
                        "health_status": "healthy",
                    },
                    "changes": [{"path": "status", "from": "active", "to": "paused"}],
                },
            })
        );
    }

    #[test]
    fn every_change_of_an_integration_is_told() {
        for action in AuditAction::ALL {
            let of_actions = action.as_str().starts_with("integration.action.")
                || matches!(
                    action,
                    AuditAction::IntegrationProxied | AuditAction::IntegrationRevocationEnded
                );
            let is_told = action.as_str().starts_with("integration.") && !of_actions;
            assert_eq!(EventType::of(action).map(EventType::as_str), is_told.then_some(action.as_str()));
        }
    }
}
