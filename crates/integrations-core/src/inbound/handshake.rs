//! The requests of providers that are no events: each has an answer of its own, and nothing of it is kept.
//!
//! They are answered for paused and failing integrations too. A provider that gets no answer sends no more events.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::reason::Reason;
use super::verdict::Answer;
use crate::catalog::{EventKey, EventSecret, Events, Handshake, SecretSource};
use crate::encodings;

/// The largest body of a handshake, in bytes. A larger one is none, so nothing large is parsed before it is verified.
pub(super) const MAX_BYTES: usize = 4096;

/// The answer to a request that was verified with `key`, if it is a handshake. It is an error to be one that has no
/// answer.
pub(super) fn verified(
    events: &Events,
    body: &Value,
    key: Option<&EventKey>,
) -> Option<Result<Answer, Reason>> {
    events.handshakes.iter().find_map(|handshake| match handshake {
        Handshake::SlackChallenge => slack(body),
        Handshake::ZoomPlainToken => zoom(body, key?),
        Handshake::DiscordPing => discord(body).map(Ok),
        Handshake::EmptyTest => None,
    })
}

/// The answer to a request that has no signature at all, if it may be answered without one.
///
/// Slack's says nothing that the caller did not say. Zoom's is an HMAC under the secret that signs events, so it is
/// given only for a text that no signed text can be: that has colons.
pub(super) fn unsigned(events: &Events, body: &Value, keys: &[EventKey]) -> Option<Answer> {
    let answer = events.handshakes.iter().find_map(|handshake| match handshake {
        Handshake::SlackChallenge => slack(body),
        Handshake::ZoomPlainToken => zoom(body, keys.first()?),
        Handshake::DiscordPing | Handshake::EmptyTest => None,
    });
    answer?.ok()
}

/// <https://docs.slack.dev/reference/events/url_verification>
fn slack(body: &Value) -> Option<Result<Answer, Reason>> {
    let is_plain =
        |text: &&str| (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_challenge = body.get("type").and_then(Value::as_str) == Some("url_verification");
    let challenge = body.get("challenge").and_then(Value::as_str).filter(is_plain);
    let answer = challenge.map(|challenge| Answer::json(200, &json!({ "challenge": challenge })));
    is_challenge.then_some(answer.ok_or(Reason::Unreadable))
}

/// <https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint>
fn zoom(body: &Value, key: &EventKey) -> Option<Result<Answer, Reason>> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_plain = |text: &&str| (1..=64).contains(&text.len()) && text.bytes().all(is_letter);
    let is_validation = body.get("event").and_then(Value::as_str) == Some("endpoint.url_validation");
    let token = body.pointer("/payload/plainToken").and_then(Value::as_str).filter(is_plain);
    let answer = |token: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(token.as_bytes());
        let encrypted = encodings::to_hex(&mac.finalize().into_bytes());
        Some(Answer::json(200, &json!({ "plainToken": token, "encryptedToken": encrypted })))
    };
    is_validation.then(|| token.and_then(answer).ok_or(Reason::Unreadable))
}

/// <https://docs.discord.com/developers/events/webhook-events> and, for interactions,
/// <https://docs.discord.com/developers/interactions/overview>
fn discord(body: &Value) -> Option<Answer> {
    match body.get("type").and_then(Value::as_u64)? {
        0 => Some(Answer { status: 204, content_type: Some("application/json"), body: String::new() }),
        1 if body.get("event").is_none() => Some(Answer::json(200, &json!({ "type": 1 }))),
        _ => None,
    }
}

/// What a request that may bring the secret is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// The secret that is known already.
    Known,
    /// Another one. The text to store.
    New(String),
    /// Something that cannot be a secret.
    Wrong,
}

/// Whether a request brings the secret that later ones are signed with.
pub(super) fn brought(secret: &EventSecret, body: &Value, keys: &[EventKey]) -> Option<Brought> {
    let pointer = secret.pointer.as_ref().filter(|_| secret.source == SecretSource::FirstRequest)?;
    let text = pointer.of(body)?.as_str()?;
    let read = secret.read(text).ok().filter(|read| read == text);
    let Some((read, key)) = read.and_then(|read| secret.key(&read).map(|key| (read, key))) else {
        return Some(Brought::Wrong);
    };
    let is_known = keys.iter().any(|known| bool::from(known.as_bytes().ct_eq(key.as_bytes())));
    Some(if is_known { Brought::Known } else { Brought::New(read) })
}
