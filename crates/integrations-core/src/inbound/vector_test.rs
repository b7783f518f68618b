//! Plays a request to the address of a built-in provider. What the tests of the provider files share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use riq_testing::provider_files;
use sha2::Sha256;
use time::OffsetDateTime;
use time::macros::datetime;

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

#[track_caller]
pub(super) fn taken(verdict: Verdict) -> Taken {
    match verdict {
        Verdict::Take(taken) => *taken,
        other => panic!("{other:?}"),
    }
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
    match verdict {
        Verdict::Refuse(refusal) => refusal.reason,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn answered(verdict: Verdict) -> Answer {
    match verdict {
        Verdict::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

pub(super) fn hex_mac(key: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_ref()).unwrap();
    mac.update(message.as_ref());
    encodings::to_hex(&mac.finalize().into_bytes())
}

pub(super) fn base64_mac(key: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> String {
    STANDARD.encode(encodings::hex(&hex_mac(key, message)).unwrap())
}

pub(super) fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}
