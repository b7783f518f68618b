//! Reads the events of a verified request.

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::delivery::{Delivery, Document};
use super::reason::Reason;
use super::verdict::{Event, EventBody};
use super::written_time::told_moment;
use crate::catalog::{Events, JsonPointer};
use crate::encodings;

/// The most events that one request brings. HubSpot sends up to 100.
const MAX_EVENTS: usize = 1000;

/// The events of a request whose document was read.
pub(super) fn events(
    events: &Events,
    delivery: &Delivery<'_>,
    document: &Document<'_>,
    value: &Value,
) -> Result<Vec<Event>, Reason> {
    let list = events.batch.as_ref().and_then(|batch| batch.of(value)?.as_array());
    let Some(list) = list else {
        if value.is_object() {
            return Ok(vec![event(events, delivery, value, document.bytes().to_vec())]);
        }
        return Err(Reason::Unreadable);
    };
    if list.len() > MAX_EVENTS {
        return Err(Reason::TooMany);
    }
    if !list.iter().all(Value::is_object) {
        return Err(Reason::Unreadable);
    }
    let texts = own_texts(events.batch.as_ref(), document.bytes(), list);
    Ok(list
        .iter()
        .zip(texts)
        .map(|(value, text)| event(events, delivery, value, text.into_bytes()))
        .collect())
}

/// The text of each event of a list, as the provider wrote it, or else written anew: a list that is not the whole body,
/// or bytes that are no UTF-8.
fn own_texts(batch: Option<&JsonPointer>, bytes: &[u8], list: &[Value]) -> Vec<String> {
    let is_whole = batch.is_some_and(|batch| batch.as_str().is_empty());
    let raw: Option<Vec<&RawValue>> = serde_json::from_slice(bytes).ok().filter(|_| is_whole);
    match raw.filter(|raw| raw.len() == list.len()) {
        Some(raw) => raw.into_iter().map(|raw| raw.get().to_owned()).collect(),
        None => list.iter().map(Value::to_string).collect(),
    }
}

fn event(events: &Events, delivery: &Delivery<'_>, value: &Value, body: Vec<u8>) -> Event {
    let fields = &events.fields;
    let first = |places| delivery.first_text(places, value);
    let id = first(&fields.id);
    let kind = kind(events, delivery, value);
    let account = |text: String| match &fields.account_suffix {
        Some(suffix) => text.strip_suffix(suffix.as_str()).map_or(text.clone(), str::to_owned),
        None => text,
    };
    let accounts = [&fields.account, &fields.parent_account].into_iter().filter_map(|places| first(places));
    let attempt = first(&fields.attempt).and_then(|text| text.parse().ok());
    let digest = Sha256::digest(&body);
    let same: Vec<String> = match fields.dedupe.as_slice() {
        [] => id.clone().into_iter().collect(),
        places => places.iter().map(|place| delivery.text(place, value).unwrap_or_default()).collect(),
    };
    Event {
        dedupe: dedupe_key(&same, &digest),
        time: fields.time.iter().find_map(|pointer| told_moment(pointer.of(value)?)),
        ends_access: ends_access(events, kind.as_deref(), value),
        is_repeat: attempt.is_some_and(|attempt: u32| attempt > fields.first_attempt),
        accounts: accounts.map(account).collect(),
        body_sha256: encodings::to_hex(&digest),
        id,
        kind,
        attempt,
        body: EventBody(body),
    }
}

/// The type of an event, with what is appended to it.
pub(super) fn kind(events: &Events, delivery: &Delivery<'_>, value: &Value) -> Option<String> {
    let kind = delivery.first_text(&events.fields.kind, value)?;
    let detail = delivery.first_text(&events.fields.kind_detail, value);
    Some(detail.map_or_else(|| kind.clone(), |detail| format!("{kind}.{detail}")))
}

/// Whether an event says that access ended. It does if it is of such a type, and holds what that type must hold.
fn ends_access(events: &Events, kind: Option<&str>, value: &Value) -> bool {
    let holds = |pointer: &JsonPointer| match pointer.of(value) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    };
    let is_end = |kind: &str| {
        let mut ends = events.ends_access.iter().filter(|end| end.kind == kind);
        ends.any(|end| end.needs.as_ref().is_none_or(holds))
    };
    kind.is_some_and(is_end)
}

/// What an event is known by: a digest of these texts, or of its body if they say nothing. Each text has its length
/// before it, so that no two lists run together.
fn dedupe_key(same: &[String], body: &[u8]) -> String {
    let mut digest = Sha256::new();
    if same.iter().all(String::is_empty) {
        digest.update(b"body");
        digest.update(body);
    } else {
        for text in same {
            digest.update(text.len().to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    encodings::to_hex(&digest.finalize())
}
