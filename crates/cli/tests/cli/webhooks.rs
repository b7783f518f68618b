//! `webhooks`: what a project's receivers are told. A secret is printed once.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::fixtures::with;
use crate::golden::{riq, run};
use crate::terminal::{Extra, PLAIN, end, shows, start};

const ID: &str = "whk_01jc3q5v6w7x8y9zabcdefghjk";
const DELIVERY: &str = "dlv_01jc3q5v6w7x8y9zabcdefghjk";
const URL: &str = "https://app.example/hooks/riq";
/// The secret, which is printed on standard output only.
const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const CREATE: [&str; 6] =
    ["webhooks", "create", "--url", URL, "--events", "integration.*,approval.requested"];

fn webhook() -> Value {
    json!({
        "id": ID, "url": URL, "events": ["integration.*", "approval.requested"], "status": "active",
        "failure_count": 0, "last_triggered_at": "2026-05-17T17:55:00Z", "created_at": "2026-03-01T10:00:00.5Z",
        "a_field_of_tomorrow": [],
    })
}

fn disabled() -> Value {
    let changes = json!({
        "id": "whk_01jc3q5v6w7x8y9zabcdefghjm", "url": "http://127.0.0.1:3000/hooks", "events": ["*"],
        "status": "disabled", "failure_count": 12, "last_triggered_at": null,
    });
    with(webhook(), changes)
}

fn delivery() -> Value {
    json!({
        "id": DELIVERY, "event_id": "evt_01jc3q5v6w7x8y9zabcdefghjk", "event": "integration.lifecycle.updated",
        "status": "pending", "attempt": 2, "status_code": 503, "error": null, "duration_ms": 143,
        "next_attempt_at": "2026-05-17T17:55:30Z", "created_at": "2026-05-17T17:55:00Z",
    })
}

fn lost() -> Value {
    let changes = json!({
        "id": "dlv_01jc3q5v6w7x8y9zabcdefghjj", "event": "moon.rose", "status": "failed", "attempt": 9,
        "status_code": null, "error": "timed_out", "next_attempt_at": null,
    });
    with(delivery(), changes)
}

fn details() -> Value {
    let attempts = json!([
        {"number": 1, "at": "2026-05-17T17:55:00Z", "status_code": null, "error": "unreachable", "duration_ms": 12,
         "answer": ""},
        {"number": 2, "at": "2026-05-17T17:55:01Z", "status_code": 503, "error": null, "duration_ms": 143,
         "answer": "busy\u{1b}[2J"},
    ]);
    let body = "{\"id\":\"evt_01jc3q5v6w7x8y9zabcdefghjk\",\"sequence\":7,\"data\":{\"note\":\"\u{202e}\"}}";
    with(delivery(), json!({"body": body, "attempts": attempts}))
}

/// A request about the webhook, and its answer.
fn one(method: &'static str, below: &str, data: &Value) -> Exchange {
    Exchange::in_project(method, &format!("/webhooks/{ID}{below}"), data)
}

fn created() -> Exchange {
    let body = json!({"url": URL, "events": ["integration.*", "approval.requested"]});
    let made = with(webhook(), json!({"last_triggered_at": null, "secret": SECRET}));
    Exchange::in_project("POST", "/webhooks", &made).body(body)
}

fn rotated(body: Value, until: Option<&str>) -> Exchange {
    one("POST", "/rotate-secret", &json!({"secret": SECRET, "old_secret_until": until})).body(body)
}

fn page(query: &str, deliveries: &[Value], cursor: Option<&str>) -> Exchange {
    let body = json!({"data": deliveries, "cursor": cursor, "has_more": cursor.is_some()});
    one("GET", &format!("/deliveries?{query}"), &Value::Null).answers(200, &body.to_string())
}

#[test]
fn list_prints_the_webhooks() {
    let list = ["webhooks", "list"];
    let all = || Exchange::in_project("GET", "/webhooks", &json!([webhook(), disabled()]));
    let none = || Exchange::in_project("GET", "/webhooks", &json!([]));
    run("webhooks_list", &list, [all()]);
    run("webhooks_list_quiet", &["webhooks", "list", "--quiet"], [all()]);
    run("webhooks_list_empty", &list, [none()]);
    shows("webhooks_list", 160, &list, PLAIN, vec![all()]);
    shows("webhooks_list_narrow", 80, &list, PLAIN, vec![all()]);
    shows("webhooks_list_empty", 80, &list, PLAIN, vec![none()]);
}

#[test]
fn show_prints_one() {
    let show = ["webhooks", "show", ID];
    run("webhooks_show", &show, [one("GET", "", &webhook())]);
    run("webhooks_show_quiet", &["webhooks", "get", ID, "--quiet"], [one("GET", "", &webhook())]);
    shows("webhooks_show", 80, &show, PLAIN, vec![one("GET", "", &webhook())]);
    let missing =
        || one("GET", "", &Value::Null).refuses(404, "RESOURCE_NOT_FOUND", "There is no such webhook");
    run("webhooks_missing", &show, [missing()]);
    shows("webhooks_missing", 80, &show, PLAIN, vec![missing()]);
    run("webhooks_bad_id", &["webhooks", "show", "key_01jc3q5v6w7x8y9zabcdefghjk"], []);
}

#[test]
fn a_new_secret_is_printed_once() {
    run("webhooks_create", &CREATE, [created()]);
    let quiet: Vec<&str> = CREATE.into_iter().chain(["--quiet"]).collect();
    run("webhooks_create_quiet", &quiet, [created()]);
    shows("webhooks_create", 100, &CREATE, PLAIN, vec![created()]);
    let busy = json!({"error": "wait", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 0});
    let twice = [created().answers(429, &busy.to_string()), created().repeats()];
    run("webhooks_create_limited", &CREATE, twice);
    let again = || {
        let repeat = with(webhook(), json!({"secret": null}));
        created().answers(201, &json!({"data": repeat}).to_string())
    };
    run("webhooks_create_repeated", &CREATE, [again()]);
    shows("webhooks_create_repeated", 100, &CREATE, PLAIN, vec![again()]);
    let other = created().answers(201, "{\"data\":{\"id\":\"whk_1\"}}");
    run("webhooks_create_other_shape", &CREATE, [other]);
    let refused = || created().refuses(409, "CONFLICT", "The project has 50 webhooks, and may have no more");
    shows("webhooks_create_too_many", 80, &CREATE, PLAIN, vec![refused()]);
}

#[test]
fn rotate_prints_the_new_secret_once() {
    let now = ["webhooks", "rotate-secret", ID, "--yes"];
    run("webhooks_rotate", &now, [rotated(json!({}), None)]);
    shows("webhooks_rotate", 100, &now, PLAIN, vec![rotated(json!({}), None)]);
    let overlap = ["webhooks", "rotate-secret", ID, "--overlap", "1h", "-y"];
    let until = Some("2026-05-17T18:55:00Z");
    let slow = || rotated(json!({"overlap_seconds": 3600}), until);
    shows("webhooks_rotate_overlap", 100, &overlap, PLAIN, vec![slow()]);
    run("webhooks_rotate_quiet", &[&overlap[..], &["--quiet"]].concat(), [slow()]);
    run("webhooks_rotate_needs_yes", &["webhooks", "rotate-secret", ID], []);
}

#[test]
fn update_sends_what_is_named() {
    let patch = |data: &Value, body: Value| one("PATCH", "", data).body(body);
    let change = ["webhooks", "update", ID, "--url", URL, "--events", "*"];
    run("webhooks_update", &change, [patch(&webhook(), json!({"url": URL, "events": ["*"]}))]);
    let off = ["webhooks", "update", ID, "--disable", "--quiet"];
    run("webhooks_disable", &off, [patch(&disabled(), json!({"status": "disabled"}))]);
    let on = ["webhooks", "update", ID, "--enable", "--drop-waiting"];
    let body = || json!({"status": "active", "waiting": "drop"});
    shows("webhooks_enable", 80, &on, PLAIN, vec![patch(&webhook(), body())]);
    run("webhooks_update_nothing", &["webhooks", "update", ID], []);
    run("webhooks_drop_alone", &["webhooks", "update", ID, "--drop-waiting"], []);
}

/// Runs a command that asks, and answers. Returns the question, what followed, and the exit status.
fn asked(arguments: &[&str], script: Vec<Exchange>, answer: &str) -> (String, String, i32) {
    let api = Api::playing(script);
    let mut session = start(&api, 100, arguments, PLAIN);
    let question = session.exp_string("Type yes to go on: ").unwrap();
    session.send_line(answer).unwrap();
    let (text, status) = end(session);
    api.finish();
    (question, text, status)
}

#[test]
fn deleting_and_rotating_are_asked_about_at_a_terminal() {
    let delete = ["webhooks", "delete", ID];
    let script = || vec![one("GET", "", &webhook()), one("DELETE", "", &webhook())];
    let (question, text, status) = asked(&delete, script(), "yes");
    assert!(question.contains(&format!("Delete the webhook {ID} to {URL}?")), "{question}");
    assert!(text.contains("It is deleted.") && status == 0, "{text}");
    let (_, text, status) = asked(&delete, vec![one("GET", "", &webhook())], "no");
    assert_eq!((text.trim(), status), ("not deleted", 1));
    run("webhooks_delete", &["webhooks", "delete", ID, "--yes"], [one("DELETE", "", &webhook())]);
    run("webhooks_delete_needs_yes", &delete, []);
    let rotate = ["webhooks", "rotate-secret", ID, "--overlap", "1h"];
    let (question, text, status) = asked(&rotate, vec![], "");
    assert!(question.contains("The old secret signs too for another 3600 s."), "{question}");
    assert_eq!((text.trim(), status), ("not rotated", 1));
    let rotate = ["webhooks", "rotate-secret", ID];
    let (_, text, status) = asked(&rotate, vec![rotated(json!({}), None)], "yes");
    assert_eq!((text.matches(SECRET).count(), status), (1, 0), "{text}");
}

#[test]
fn test_says_what_came_of_it() {
    let test = ["webhooks", "test", ID];
    let came = |data: Value| one("POST", "/test", &data);
    let well = || came(json!({"delivered": true, "status_code": 200, "duration_ms": 143, "error": null}));
    let not =
        || came(json!({"delivered": false, "status_code": null, "duration_ms": 9, "error": "unreachable"}));
    run("webhooks_test", &test, [well()]);
    run("webhooks_test_quiet", &["webhooks", "test", ID, "--quiet"], [not()]);
    shows("webhooks_test", 80, &test, PLAIN, vec![well()]);
    shows("webhooks_test_not_delivered", 80, &test, PLAIN, vec![not()]);
}

#[test]
fn deliveries_are_listed_and_shown() {
    let list = ["webhooks", "deliveries", ID];
    let newest = || page("limit=50", &[delivery(), lost()], None);
    run("webhooks_deliveries", &list, [newest()]);
    shows("webhooks_deliveries", 180, &list, PLAIN, vec![newest()]);
    shows("webhooks_deliveries_narrow", 80, &list, PLAIN, vec![newest()]);
    shows("webhooks_deliveries_empty", 80, &list, PLAIN, vec![page("limit=50", &[], None)]);
    let script = [
        page("limit=200&status=failed", &[delivery()], Some(DELIVERY)),
        page(&format!("limit=200&status=failed&cursor={DELIVERY}"), &[lost()], None),
    ];
    let all = ["webhooks", "deliveries", ID, "--status", "failed", "--all", "--quiet"];
    run("webhooks_deliveries_filtered", &all, script);
    let show = ["webhooks", "delivery", ID, DELIVERY];
    let whole = || one("GET", &format!("/deliveries/{DELIVERY}"), &details());
    run("webhooks_delivery", &show, [whole()]);
    shows("webhooks_delivery", 80, &show, PLAIN, vec![whole()]);
}

#[test]
fn redeliver_sends_one_or_what_was_missed() {
    let sent = |below: &str, count: u64| one("POST", below, &json!({"redelivered": count}));
    let again = || sent(&format!("/deliveries/{DELIVERY}/redeliver"), 1);
    let one = ["webhooks", "redeliver", ID, DELIVERY];
    run("webhooks_redeliver", &one, [again()]);
    shows("webhooks_redeliver", 80, &one, PLAIN, vec![again()]);
    run("webhooks_redeliver_quiet", &[&one[..], &["--quiet"]].concat(), [again()]);
    let since = ["webhooks", "redeliver", ID, "--since", "2026-05-17T12:00:00Z"];
    let missed = sent("/redeliver", 12).body(json!({"since": "2026-05-17T12:00:00Z"}));
    run("webhooks_redeliver_since", &since, [missed]);
    run("webhooks_redeliver_what", &["webhooks", "redeliver", ID], []);
    run("webhooks_redeliver_when", &["webhooks", "redeliver", ID, "--since", "yesterday"], []);
}

/// The message of an event that waits.
fn message(number: usize) -> String {
    let letter = ["j", "k"][number - 1];
    let integration = "{\"integration\":{\"provider\":\"stripe\"}}";
    format!(
        "{{\"id\":\"evt_01jc3q5v6w7x8y9zabcdefghj{letter}\",\"sequence\":{number},\"data\":{integration}}}"
    )
}

/// An event that waits, and how it is read.
fn waits(number: usize) -> (Value, Exchange) {
    let letter = ["j", "k"][number - 1];
    let (id, event) =
        (format!("dlv_01jc3q5v6w7x8y9zabcdefghj{letter}"), format!("evt_01jc3q5v6w7x8y9zabcdefghj{letter}"));
    let row = with(delivery(), json!({"id": id, "event_id": event, "attempt": 0, "status_code": null}));
    let whole = with(row.clone(), json!({"body": message(number), "attempts": []}));
    (row, one("GET", &format!("/deliveries/{id}"), &whole))
}

/// Two events, of which the later comes first in the list; then the server is away for a moment, and then the key ends.
fn listened() -> Vec<Exchange> {
    let asked = json!({"url": "https://riq-webhooks-listen.invalid/", "events": ["*"], "status": "disabled"});
    let made = with(disabled(), json!({"id": ID, "secret": SECRET}));
    let ((first, whole_first), (second, whole_second)) = (waits(1), waits(2));
    vec![
        Exchange::in_project("POST", "/webhooks", &made).body(asked),
        page("limit=200", &[], None),
        page("limit=200", &[first.clone(), second.clone()], None),
        whole_first,
        whole_second,
        page("limit=200", &[], None).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer"),
        page("limit=200", &[first, second], None),
        page("limit=200", &[], None).refuses(401, "UNAUTHORIZED", "The API key is revoked"),
        one("DELETE", "", &disabled()),
    ]
}

#[test]
fn listening_prints_each_event_once_and_sends_it_on_signed() {
    const SIGNED: [&str; 2] = [
        "sha256=d94e9d814f8480d11508ad92972ef0b61f5418e2f5239ad46c8b6d9d24b919e4",
        "sha256=9314fc1d2081c9da9740da438738474f1a5a3cd9cfc7d661e76055d1a4cbc9be",
    ];
    let receives = |number: usize, status: u16| {
        let body = serde_json::from_str(&message(number)).unwrap();
        let sent = Exchange::device("", body, status, &json!({})).at("/hooks?x=1");
        sent.has("x-rogeriq-signature", Some(SIGNED[number - 1])).has("x-rogeriq-attempt", Some("1"))
    };
    let receiver = Api::playing([receives(1, 200), receives(2, 500)]);
    let to = format!("{}/hooks?x=1", receiver.origin());
    let api = Api::playing(listened());
    let quick: Extra<'_> = &[("NO_COLOR", "1"), ("RIQ_WAIT_INTERVAL_MS", "0")];
    let (text, status) = end(start(&api, 200, &["webhooks", "listen", "--forward-to", &to], quick));
    api.finish();
    receiver.finish();
    assert_eq!(status, 3, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["listening for *, until interrupted", &format!("signed with {SECRET}")]);
    let begin = |letter: &str| {
        format!(
            "2026-05-17T17:55:00Z  evt_01jc3q5v6w7x8y9zabcdefghj{letter}  integration.lifecycle.updated  stripe  "
        )
    };
    assert!(lines[2].starts_with(&(begin("j") + "200 in ")), "{text}");
    assert!(lines[3].starts_with(&(begin("k") + "500 in ")), "{text}");
}

#[test]
fn a_receiver_that_is_not_there_does_not_end_the_listening() {
    let api = Api::playing(listened());
    let quick: Extra<'_> = &[("NO_COLOR", "1"), ("RIQ_WAIT_INTERVAL_MS", "0")];
    // The port of a listener that is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let to = format!("http://127.0.0.1:{port}/");
    let (text, status) = end(start(&api, 200, &["webhooks", "listen", "--forward-to", &to], quick));
    api.finish();
    assert_eq!((status, text.matches("not received: ").count()), (3, 2), "{text}");
}

#[test]
fn listening_prints_json_lines_or_ids_for_programs() {
    for (flags, shown) in [
        (&["--quiet"][..], "evt_01jc3q5v6w7x8y9zabcdefghjj\nevt_01jc3q5v6w7x8y9zabcdefghjk\n".to_owned()),
        (&[], [1, 2].map(|number| format!("{}\n", message(number))).concat()),
    ] {
        let api = Api::playing(listened());
        let mut command = riq(&[&["webhooks", "listen"][..], flags].concat());
        command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_API_BASE", api.origin());
        let output = command.env("RIQ_WAIT_INTERVAL_MS", "0").output().unwrap();
        api.finish();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
    }
    run("webhooks_listen_elsewhere", &["webhooks", "listen", "--forward-to", "http://app.example/"], []);
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let evil = with(webhook(), json!({"url": "https://a.example/\u{1b}[2J", "events": ["\u{9b}31m"]}));
    let all = Exchange::in_project("GET", "/webhooks", &json!([evil]));
    shows("webhooks_evil", 160, &["webhooks", "list"], PLAIN, vec![all]);
}
