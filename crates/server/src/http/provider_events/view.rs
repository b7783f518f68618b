//! Makes the API's events and addresses from stored ones.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use integrations_core::{
    inbound::Reason,
    wire::{EventRefusal, EventSecretStatus, EventSource, Open, ProviderEvent, ProviderEventDetails},
};
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::{
    edge::failure::Failure,
    services::provider_events::{AddressView, SecretState},
    store::{ProviderEventRow, RefusalRow},
};

/// An event.
pub(super) fn event(row: ProviderEventRow) -> Result<ProviderEvent, Failure> {
    Ok(ProviderEvent {
        headers: serde_json::from_str(&row.headers).map_err(|error| Failure::internal(&error))?,
        attempt: row.attempt.and_then(|attempt| u32::try_from(attempt).ok()),
        body_size: u64::try_from(row.body_size).unwrap_or_default(),
        id: row.id,
        provider_event_id: row.provider_event_id,
        kind: row.kind,
        account: row.account,
        occurred_at: row.occurred_at,
        received_at: row.received_at,
        is_repeat: row.is_repeat,
        is_body_signed: row.is_body_signed,
        body_sha256: row.body_sha256,
    })
}

/// An event with its body.
pub(super) fn details(
    row: ProviderEventRow,
    body: Option<&SecretSlice<u8>>,
) -> Result<ProviderEventDetails, Failure> {
    let bytes = body.map(|body| body.expose_secret());
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned);
    let body_base64 = bytes.filter(|_| text.is_none()).map(|bytes| STANDARD.encode(bytes));
    Ok(ProviderEventDetails { event: event(row)?, body: text, body_base64 })
}

/// An address.
pub(super) fn source(view: &AddressView) -> Result<EventSource, Failure> {
    let events = view.provider.events().ok_or_else(|| Failure::internal(&"an address without events"))?;
    let (status, old_secret_until) = match view.secret {
        SecretState::Missing => (EventSecretStatus::Missing, None),
        SecretState::Set => (EventSecretStatus::Set, None),
        SecretState::Replaced(until) => (EventSecretStatus::Replaced, Some(until)),
    };
    Ok(EventSource {
        provider: view.provider.key.to_string(),
        address_of: events.address.into(),
        url: view.url.clone(),
        enter: events.enter.clone(),
        page: events.page.as_ref().map(ToString::to_string),
        documentation_url: events.documentation_url.to_string(),
        secret_source: events.secret.source.into(),
        secret_status: status.into(),
        old_secret_until,
        refusals: view.refusals.iter().map(|row| refusal(row, view.secrets)).collect(),
    })
}

fn refusal(row: &RefusalRow, secrets: usize) -> EventRefusal {
    EventRefusal {
        reason: Open::read(&row.reason),
        message: row.reason.parse::<Reason>().map(|reason| reason.explain(secrets)).unwrap_or_default(),
        claimed_type: row.kind.clone(),
        count: row.count,
        last_at: row.last_at,
    }
}
