//! What webhooks are told, before it is put into the outbox.

use integrations_core::{
    ids::{EventId, IntegrationId, ProjectId, ProviderEventId, WebhookId},
    webhook::EventType,
};
use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;

/// An event to be told to the webhooks of a project that ask for it.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// The project.
    pub project: ProjectId,
    /// The integration that it is about, if it is about one. Its events are delivered in order.
    pub integration: Option<IntegrationId>,
    /// What is said beside the integration's id, provider, status and health.
    pub details: Map<String, Json>,
    /// When.
    pub at: OffsetDateTime,
    /// A webhook that is not told.
    pub except: Option<WebhookId>,
    /// The event of a provider whose body goes into the message when it is sent.
    pub provider_event: Option<ProviderEventId>,
}

impl Announcement {
    /// What it is delivered in order with.
    pub(super) fn stream(&self) -> String {
        self.integration.map_or_else(|| self.id.to_string(), |id| id.to_string())
    }
}

/// What a test says.
pub fn details_of_a_test() -> Map<String, Json> {
    Map::from_iter([("message".to_owned(), json!("This event was sent on request. Nothing has happened."))])
}
