//! Makes the API's webhooks and deliveries from stored ones.

use integrations_core::{
    error::ErrorCode,
    webhook::{Outcome, Secret},
    wire::{
        NewWebhook, NewWebhookResponse, Open, Webhook, WebhookAttempt, WebhookDelivery,
        WebhookDeliveryDetails, WebhookTest,
    },
};

use crate::{
    edge::failure::Failure,
    http::answer::Answer,
    store::{AttemptRow, DeliveryDetails, DeliveryRow, WebhookRecord},
};

/// A webhook.
pub(super) fn webhook(record: WebhookRecord) -> Webhook {
    Webhook {
        id: record.id.to_string(),
        url: record.url,
        events: record.events,
        status: record.status.into(),
        failure_count: record.failures,
        last_triggered_at: record.last_triggered_at,
        created_at: record.created_at,
    }
}

/// The answer with a new webhook. A repeat has no secret.
pub(super) fn issued(record: WebhookRecord, secret: Option<&Secret>) -> Result<Answer, Failure> {
    let secret = secret.map(|secret| secret.expose().to_owned());
    Answer::created(&NewWebhookResponse { data: NewWebhook { webhook: webhook(record), secret } })
}

/// A delivery.
pub(super) fn delivery(row: DeliveryRow) -> WebhookDelivery {
    WebhookDelivery {
        id: row.id,
        event_id: row.event_id,
        event: Open::read(&row.kind),
        status: Open::read(&row.status),
        attempt: u32::try_from(row.attempts).unwrap_or_default(),
        status_code: code(row.status_code),
        error: row.error.as_deref().map(Open::read),
        duration_ms: millis(row.duration_ms.unwrap_or_default()),
        next_attempt_at: row.next_attempt_at,
        created_at: row.created_at,
    }
}

/// A delivery with its message and attempts.
pub(super) fn details(details: DeliveryDetails) -> WebhookDeliveryDetails {
    WebhookDeliveryDetails {
        delivery: delivery(details.delivery),
        // Messages are JSON, which is UTF-8.
        body: String::from_utf8_lossy(&details.body).into_owned(),
        attempts: details.attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(row: AttemptRow) -> WebhookAttempt {
    WebhookAttempt {
        number: u32::try_from(row.number).unwrap_or_default(),
        at: row.at,
        status_code: code(row.status_code),
        error: row.error.as_deref().map(Open::read),
        duration_ms: millis(row.duration_ms),
        answer: row.answer,
    }
}

/// What came of a test.
pub(super) fn tested(attempted: &integrations_core::webhook::Attempted) -> WebhookTest {
    let (status_code, error) = match attempted.outcome {
        Outcome::Answered(status, _) => (Some(status), None),
        Outcome::NoAnswer(why) => (None, Some(why.into())),
    };
    WebhookTest {
        delivered: attempted.outcome.is_success(),
        status_code,
        duration_ms: u64::try_from(attempted.took.as_millis()).unwrap_or(u64::MAX),
        error,
    }
}

/// There is no such delivery.
pub(super) fn no_such_delivery() -> Failure {
    Failure::new(ErrorCode::ResourceNotFound, "There is no such delivery")
}

fn code(status: Option<i32>) -> Option<u16> {
    status.and_then(|status| u16::try_from(status).ok())
}

fn millis(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or_default()
}
