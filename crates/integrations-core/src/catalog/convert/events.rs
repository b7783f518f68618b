//! The `[events]` of a provider file.

use std::time::Duration;

use super::event_secret::{check_former, secret};
use super::event_signature::{header, place, signature};
use super::settings::Declared;
use super::values::{page, pointer};
use crate::catalog::event_secret::EventSecret;
use crate::catalog::events::{
    AccessEnd, EventFields, EventSource, EventStatuses, Events, Place, Scheme, Signature,
};
use crate::catalog::file::{AccessEndTable, EventFieldsTable, EventsTable};
use crate::catalog::names::{AddressOf, SecretSource};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::template::JsonPointer;

/// The largest body that a file may allow: what GitHub sends at most.
const MAX_BYTES: usize = 25 * 1024 * 1024;
/// The limit of a file that names none.
const DEFAULT_BYTES: usize = 1024 * 1024;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// Headers that are never passed on: they hold what proves a request.
const KEPT_BACK: &[&str] = &["authorization", "cookie", "proxy-authorization"];

/// Reads whether and how a provider sends events. `has_app`: one of its ways has an OAuth app.
pub(super) fn events(
    table: Option<EventsTable>,
    has_app: bool,
    settings: &[Declared],
    problems: &mut Problems,
) -> Option<EventSource> {
    let Some(table) = table else { return Some(EventSource::Untold) };
    let Some(reason) = &table.none else {
        let events = sent(table, has_app, problems)?;
        check_former(&events.secret, settings, problems);
        return Some(EventSource::Sent(Box::new(events)));
    };
    let is_alone = table.address.is_none() && table.secret.is_none() && table.signature.is_none();
    if !is_alone || reason.trim().is_empty() {
        problems.add("events.none", "is a reason in words, and stands alone");
    }
    Some(EventSource::None(reason.clone()))
}

fn sent(table: EventsTable, has_app: bool, problems: &mut Problems) -> Option<Events> {
    check_needed(&table, problems);
    let secret = table.secret.and_then(|table| secret(table, problems));
    let read = table.signature.as_ref().and_then(|table| signature(table, problems));
    let fields = fields(table.fields.unwrap_or_default(), problems);
    let window = span("window", table.window.as_deref(), 60 * MINUTE, problems);
    let repeats_within = span("repeats_within", table.repeats_within.as_deref(), 30 * DAY, problems);
    let answer_within = span("answer_within", table.answer_within.as_deref(), MINUTE, problems);
    let documentation_url =
        table.documentation_url.and_then(|url| page("events.documentation_url", &url, problems));
    let page = table.page.map(|url| page("events.page", &url, problems));
    let max_bytes = table.max_bytes.unwrap_or(DEFAULT_BYTES);
    if !(1024..=MAX_BYTES).contains(&max_bytes) {
        problems.add("events.max_bytes", format!("must be between 1024 and {MAX_BYTES}"));
    }
    let statuses = statuses(
        table.taken_status.unwrap_or(200),
        table.refused_status.unwrap_or(401),
        table.never_again_status,
        problems,
    );
    let batch = table.batch.map(|text| problems.ok("events.batch", JsonPointer::parse_or_whole(&text)));
    let headers = headers(&table.headers, read.as_ref(), problems);
    let ends_access = ends_access(table.ends_access, &fields, problems);
    let is_over_body = read.as_ref().map(Signature::is_over_body);
    check_body(is_over_body, table.body_signed, &fields, problems);
    let events = Events {
        address: table.address?,
        documentation_url: documentation_url?,
        page: optional(page)?,
        enter: table.enter?,
        secret: secret?,
        signature: read?,
        window: optional(window)?,
        repeats_within: repeats_within??,
        max_bytes,
        answer_within: answer_within??,
        statuses,
        handshakes: table.handshakes,
        pings: table.pings,
        form_field: table.form_field,
        batch: optional(batch)?,
        fields,
        headers,
        ends_access,
        also_disconnected: table.also_disconnected,
    };
    check_whole(&events, has_app, problems);
    Some(events)
}

/// Checks that what every source of events has is there.
fn check_needed(table: &EventsTable, problems: &mut Problems) {
    let needed = [
        ("address", table.address.is_some(), "whose address it is: \"integration\" or \"app\""),
        ("documentation_url", table.documentation_url.is_some(), "the provider's page on its events"),
        ("enter", table.enter.is_some(), "what a person does with the address, in a sentence or two"),
        ("repeats_within", table.repeats_within.is_some(), "how long the provider repeats an event"),
        ("answer_within", table.answer_within.is_some(), "how long the provider waits for an answer"),
        ("secret", table.secret.is_some(), "where the secret comes from"),
        ("signature", table.signature.is_some(), "how an event is verified"),
    ];
    for (key, _, what) in needed.into_iter().filter(|(_, is_there, _)| !is_there) {
        problems.add("events", format!("needs `{key}`: {what}"));
    }
    if table.enter.as_ref().is_some_and(|text| text.trim().is_empty()) {
        problems.add("events.enter", "must not be empty");
    }
}

/// Reads a span of time such as `5m`, of at most so many seconds.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn span(key: &str, text: Option<&str>, most: u64, problems: &mut Problems) -> Option<Option<Duration>> {
    let read = |text: &str| {
        let span = humantime::parse_duration(text)
            .map_err(|error| format!("not a span of time, such as \"5m\": {error}"))?;
        let longest = Duration::from_secs(most);
        let in_range = (Duration::from_secs(1)..=longest).contains(&span);
        let refusal = || format!("must be between a second and {}", humantime::format_duration(longest));
        in_range.then_some(span).ok_or_else(refusal)
    };
    text.map(|text| problems.ok(format!("events.{key}"), read(text)))
}

fn statuses(taken: u16, refused: u16, never_again: Option<u16>, problems: &mut Problems) -> EventStatuses {
    if !(200..=299).contains(&taken) {
        problems.add("events.taken_status", "must be a status of success, from 200 to 299");
    }
    let refusals = [("refused_status", Some(refused)), ("never_again_status", never_again)];
    for (key, status) in refusals {
        if status.is_some_and(|status| !(400..=499).contains(&status)) {
            problems.add(format!("events.{key}"), "must be a status of refusal, from 400 to 499");
        }
    }
    EventStatuses { taken, refused, never_again }
}

/// Reads the headers that are passed on.
fn headers(names: &[String], signature: Option<&Signature>, problems: &mut Problems) -> Vec<String> {
    let proof = match signature.map(|signature| &signature.scheme) {
        Some(Scheme::Hmac { carrier, .. }) => Some(carrier.header()),
        Some(Scheme::Ed25519 { header, .. } | Scheme::Token(Place::Header(header))) => Some(header.as_str()),
        _ => None,
    };
    let mut read = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let path = format!("events.headers.{index}");
        if KEPT_BACK.contains(&name.as_str()) || proof == Some(name.as_str()) {
            problems.add(path, "is not passed on: it proves the request");
        } else {
            read.extend(header(&path, name, problems));
        }
    }
    read
}

fn fields(table: EventFieldsTable, problems: &mut Problems) -> EventFields {
    let mut places = |key: &str, texts: &[String]| -> Vec<Place> {
        let texts = texts.iter().enumerate();
        texts
            .filter_map(|(index, text)| place(&format!("events.fields.{key}.{index}"), text, problems))
            .collect()
    };
    let mut fields = EventFields {
        id: places("id", &table.id),
        dedupe: places("dedupe", &table.dedupe),
        kind: places("type", &table.kind),
        kind_detail: places("type_detail", &table.type_detail),
        time: Vec::new(),
        account: places("account", &table.account),
        parent_account: places("parent_account", &table.parent_account),
        account_suffix: table.account_suffix,
        attempt: places("attempt", &table.attempt),
        first_attempt: table.first_attempt.unwrap_or(1),
    };
    let times = table.time.iter().enumerate();
    fields.time = times
        .filter_map(|(index, text)| pointer(&format!("events.fields.time.{index}"), text, problems))
        .collect();
    if !table.type_detail.is_empty() && table.kind.is_empty() {
        problems.add("events.fields.type_detail", "needs `type`");
    }
    if fields.account_suffix.is_some() && table.account.is_empty() {
        problems.add("events.fields.account_suffix", "needs `account`");
    }
    fields
}

fn ends_access(tables: Vec<AccessEndTable>, fields: &EventFields, problems: &mut Problems) -> Vec<AccessEnd> {
    if !tables.is_empty() && fields.kind.is_empty() {
        problems.add("events.ends_access", "needs `type` in [events.fields]");
    }
    let mut ends = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("events.ends_access.{index}");
        if table.kind.trim().is_empty() {
            problems.add(format!("{path}.type"), "must not be empty");
        }
        let needs = table.needs.map(|text| pointer(&format!("{path}.needs"), &text, problems));
        ends.extend(optional(needs).map(|needs| AccessEnd { kind: table.kind, needs }));
    }
    ends
}

/// Checks that the file says of a scheme that does not sign the body that it does not.
fn check_body(is_over_body: Option<bool>, said: Option<bool>, fields: &EventFields, problems: &mut Problems) {
    match (is_over_body, said) {
        (Some(false), None) => {
            problems.add("events.signature", "this scheme does not sign the body: say `body_signed = false`");
        }
        (Some(signed), Some(said)) if signed != said => {
            problems.add("events.body_signed", format!("this scheme makes it `{signed}`"));
        }
        _ => {}
    }
    if is_over_body == Some(false) && !fields.time.is_empty() {
        problems.add("events.fields.time", "the body is not signed, so no time in it can be believed");
    }
}

/// Checks what several tables decide together.
fn check_whole(events: &Events, has_app: bool, problems: &mut Problems) {
    if events.address == AddressOf::App && !has_app {
        problems.add("events.address", "an `app` needs `kind = \"oauth\"` in [[auth]]");
    }
    if events.address == AddressOf::App && events.fields.account.is_empty() {
        problems.add(
            "events.fields",
            "needs `account`: the events of all accounts come to the address of an app",
        );
    }
    if !events.also_disconnected.is_empty() && events.address != AddressOf::App {
        problems.add(
            "events.also_disconnected",
            "needs `address = \"app\"`: the address of an integration ends with it",
        );
    }
    if events.secret.source == SecretSource::ClientSecret && !has_app {
        problems
            .add("events.secret.source", "there is no client secret without `kind = \"oauth\"` in [[auth]]");
    }
    match (&events.signature.time, events.window) {
        (Some(_), None) => problems.add("events", "needs `window`: how far the signed time may be from ours"),
        (None, Some(_)) => {
            problems.add("events.window", "needs `time` in [events.signature]: no time is signed")
        }
        _ => {}
    }
    if matches!(events.signature.scheme, Scheme::Ed25519 { .. }) && !is_public_key(&events.secret) {
        problems.add("events.secret", "a public key of Ed25519 has `encoding = \"hex\"` and `bytes = 32`");
    }
}

fn is_public_key(secret: &EventSecret) -> bool {
    secret.bytes == Some(32) && secret.prefix.is_empty()
}
