//! Plays a request to the address of a built-in provider. What the tests of the provider files share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use riq_testing::provider_files;
use time::OffsetDateTime;
use time::macros::datetime;

pub(super) use super::sent_test::{answered, taken};
use super::sent_test::{mac, refused};
use super::*;
use crate::catalog::Catalog;

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-27 12:00:00 UTC);

/// A request to the address of a provider, whose secret is `secret`.
pub(super) fn send(
    key: &str,
    secret: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    now: OffsetDateTime,
) -> Verdict {
    send_to("https://riq.example/hooks/x", key, secret, headers, body, now)
}

pub(super) fn send_to(
    url: &str,
    key: &str,
    secret: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    now: OffsetDateTime,
) -> Verdict {
    let catalog = Catalog::default().with_files([provider_files::named(key)]).unwrap();
    let events = catalog.get(key).unwrap().events().unwrap();
    let stored = events.read_secret(secret).unwrap_or_else(|error| panic!("{key}: {error}"));
    let keys = [events.secret.key(&stored).unwrap()];
    receive(
        events,
        &Delivery { method: "POST", url, headers, body },
        Known { keys: &keys, is_secret_awaited: false, now },
    )
}

/// The only event of a request.
#[track_caller]
pub(super) fn event(verdict: Verdict) -> Event {
    let mut events = taken(verdict).events;
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// Id and type of an event, as they are told.
pub(super) fn told(event: &Event) -> (&str, &str) {
    (event.id.as_deref().unwrap_or("-"), event.kind.as_deref().unwrap_or("-"))
}

#[track_caller]
pub(super) fn reason(verdict: Verdict) -> Reason {
    refused(verdict).1
}

pub(super) fn hex_mac(key: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> String {
    encodings::to_hex(&mac(key.as_ref(), &[message.as_ref()]))
}

pub(super) fn base64_mac(key: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> String {
    STANDARD.encode(mac(key.as_ref(), &[message.as_ref()]))
}

pub(super) fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}
