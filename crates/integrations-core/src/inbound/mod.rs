//! Events that providers send: whether one comes from its provider, and what it says.
//!
//! [`receive`] is all of it: pure, over a request, the secrets and the time. The server keeps what it says to keep, in
//! one transaction and before it answers: every event with its claim ([`Event::dedupe`]), and what may be used only
//! once ([`Once`]). It answers 503 if it cannot, so that the provider sends the events again.

#[cfg(test)]
mod commerce_test;
mod delivery;
mod entry;
mod handshake;
mod proof;
#[cfg(test)]
mod providers_test;
mod reading;
mod reason;
#[cfg(test)]
mod schemes_test;
#[cfg(test)]
mod sent_test;
mod signed;
#[cfg(test)]
mod support_test;
#[cfg(test)]
mod unsigned_test;
#[cfg(test)]
mod vector_test;
mod verdict;
#[cfg(test)]
mod work_test;
mod written_time;

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

pub use self::delivery::Delivery;
use self::delivery::Document;
pub use self::entry::EnteredSecret;
use self::handshake::Brought;
use self::proof::{Proof, prove};
pub use self::reason::Reason;
pub use self::verdict::{Answer, BroughtSecret, Event, EventBody, Once, Refusal, Taken, Verdict};
use crate::catalog::{EventKey, Events, Handshake, SecretSource};
use crate::encodings;

/// How long the claim of an event lives at least, if no time is signed: only claims tell a repeat then.
const CLAIM_WITHOUT_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is known of an address when a request comes to it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The keys that may verify the request: of one secret, or of several while one is being replaced.
    pub keys: &'a [EventKey],
    /// Whether a person has opened the page that waits for the provider's first request, and none has come yet.
    pub is_secret_awaited: bool,
    /// The time now.
    pub now: OffsetDateTime,
}

/// Whether two secrets are the same, such as those of the path. It takes as long for equal ones as for others.
pub fn is_same_secret(one: &str, other: &str) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

/// Decides what to do with a request to an address for events.
pub fn receive(events: &Events, delivery: &Delivery<'_>, known: Known<'_>) -> Verdict {
    if delivery.method != "POST" {
        return refuse(events, Reason::WrongMethod, None);
    }
    if delivery.body.len() > events.max_bytes {
        return refuse(events, Reason::TooLarge, None);
    }
    let document = Document::of(delivery, events.form_field.as_deref());
    if let Some(verdict) = first_request(events, delivery, &document, known) {
        return verdict;
    }
    match prove(events, delivery, &document, known.keys, known.now) {
        Ok(proof) => verified(events, delivery, &document, &proof, known.keys),
        Err(reason) => unverified(events, delivery, &document, reason, known.keys),
    }
}

fn refuse(events: &Events, reason: Reason, claimed_kind: Option<String>) -> Verdict {
    Verdict::Refuse(Refusal { status: reason.status(&events.statuses), reason, claimed_kind })
}

/// Takes the secret that a provider brings with its first request: only while a person waits for it. Later ones bring
/// the same, or are refused.
fn first_request(
    events: &Events,
    delivery: &Delivery<'_>,
    document: &Document<'_>,
    known: Known<'_>,
) -> Option<Verdict> {
    let may_bring =
        events.secret.source == SecretSource::FirstRequest && delivery.body.len() <= handshake::MAX_BYTES;
    let body = document.value_if(may_bring)?;
    let answer = Answer::empty(events.statuses.taken);
    Some(match handshake::brought(&events.secret, body, known.keys)? {
        Brought::Known => Verdict::Answer(answer),
        Brought::New(secret) if known.is_secret_awaited => {
            Verdict::KeepSecret { secret: BroughtSecret(secret), answer }
        }
        Brought::New(_) | Brought::Wrong => refuse(events, Reason::UnexpectedSecret, None),
    })
}

/// Decides about a request that is not verified. Only one without any signature may be a handshake.
fn unverified(
    events: &Events,
    delivery: &Delivery<'_>,
    document: &Document<'_>,
    reason: Reason,
    keys: &[EventKey],
) -> Verdict {
    let is_small = delivery.body.len() <= handshake::MAX_BYTES;
    if reason == Reason::NotSigned
        && let Some(answer) =
            document.value_if(is_small).and_then(|body| handshake::unsigned(events, body, keys))
    {
        return Verdict::Answer(answer);
    }
    let is_unsigned = matches!(reason, Reason::NotSigned | Reason::MalformedSignature);
    refuse(events, reason, if is_unsigned { claimed_kind(events, delivery, document) } else { None })
}

/// The type that an unsigned request claims to be: some providers send some types without a signature.
fn claimed_kind(events: &Events, delivery: &Delivery<'_>, document: &Document<'_>) -> Option<String> {
    const LARGEST: usize = 16 * 1024;
    let is_word = |kind: &String| {
        kind.len() <= 64 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte))
    };
    let body = document.value_if(delivery.body.len() <= LARGEST);
    reading::kind(events, delivery, body.unwrap_or(&Value::Null)).filter(is_word)
}

/// Decides about a request that is verified.
fn verified(
    events: &Events,
    delivery: &Delivery<'_>,
    document: &Document<'_>,
    proof: &Proof,
    keys: &[EventKey],
) -> Verdict {
    let tests = events.handshakes.contains(&Handshake::EmptyTest);
    if tests && delivery.body.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Answer(Answer::empty(events.statuses.taken));
    }
    let Some(value) = document.value() else { return refuse(events, Reason::Unreadable, None) };
    match handshake::verified(events, value, keys.get(proof.key)) {
        Some(Ok(answer)) => return Verdict::Answer(answer),
        Some(Err(reason)) => return refuse(events, reason, None),
        None => {}
    }
    let kind = reading::kind(events, delivery, value);
    if kind.is_some_and(|kind| events.pings.contains(&kind)) {
        return Verdict::Answer(Answer::empty(events.statuses.taken));
    }
    match reading::events(events, delivery, document, value) {
        Ok(read) => Verdict::Take(Box::new(take(events, delivery, proof, read))),
        Err(reason) => refuse(events, reason, None),
    }
}

fn take(events: &Events, delivery: &Delivery<'_>, proof: &Proof, read: Vec<Event>) -> Taken {
    let window = events.window.map(|window| window * 2);
    let once = proof.once.zip(window).map(|(key, claim)| Once {
        key: encodings::to_hex(&key),
        bound_to: bound_to(&read),
        claim,
    });
    let headers = events
        .headers
        .iter()
        .filter_map(|name| Some((name.clone(), delivery.once(name).and_then(delivery::clean)?)));
    Taken {
        events: read,
        signed_at: proof.time,
        headers: headers.collect(),
        is_body_signed: events.signature.is_over_body(),
        once,
        claim: window.unwrap_or(CLAIM_WITHOUT_TIME).max(events.repeats_within),
        answer: Answer::empty(events.statuses.taken),
    }
}

/// A digest of all events of a request, and of what each is known by.
fn bound_to(events: &[Event]) -> String {
    let mut digest = Sha256::new();
    for event in events {
        digest.update(event.dedupe.as_bytes());
        digest.update(event.body_sha256.as_bytes());
    }
    encodings::to_hex(&digest.finalize())
}
