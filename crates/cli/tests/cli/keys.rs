//! `keys`: an organization's API keys. A new one is printed once.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, ORG, PROJECT};
use crate::fixtures::with;
use crate::golden::{riq, run, run_with};
use crate::terminal::{Extra, PLAIN, end, shows, start};

const ID: &str = "key_01jc3q5v6w7x8y9zabcdefghjk";
const NEW_ID: &str = "key_01jc3q5v6w7x8y9zabcdefghjm";
/// The new key, which is printed on standard output only.
const NEW: &str = "riq_NewKey00000000000000000000000000000000000001abcdef";

const LIST: [&str; 2] = ["keys", "list"];
const CREATE: [&str; 6] = ["keys", "create", "--name", "Help desk", "--scopes", "read,integrations:write"];

fn key() -> Value {
    json!({
        "id": ID, "org_id": ORG, "name": "Help desk", "hint": "riq_7Hq2", "scopes": ["read", "integrations:write"],
        "project_ids": [PROJECT], "tier": "starter", "created_by": "usr_01jc3q5v6w7x8y9zabcdefghjk", "replaces": null,
        "user_id": null, "created_at": "2026-03-01T10:00:00.5Z", "expires_at": null,
        "last_used_at": "2026-05-17T17:55:00Z", "revoked_at": null, "a_field_of_tomorrow": [],
    })
}

fn first() -> Value {
    let changes = json!({
        "id": "key_01jc3q5v6w7x8y9zabcdefghjj", "name": "CI", "scopes": ["admin"], "project_ids": null,
        "created_by": null, "tier": "galactic", "last_used_at": null, "expires_at": "2027-03-01T10:00:00Z",
    });
    with(key(), changes)
}

fn revoked() -> Value {
    with(key(), json!({"revoked_at": "2026-05-18T08:00:00Z"}))
}

fn all(keys: &[Value]) -> Exchange {
    Exchange::in_org("GET", "/keys", &json!(keys))
}

/// A request about the key, and its record in the answer.
fn one(method: &'static str, data: &Value) -> Exchange {
    Exchange::in_org(method, &format!("/keys/{ID}"), data)
}

/// A request that makes a key.
fn makes(below: &str, body: Value) -> Exchange {
    let made = with(key(), json!({"id": NEW_ID, "last_used_at": null, "key": NEW}));
    let answer = json!({"data": made}).to_string();
    Exchange::in_org("POST", below, &Value::Null).body(body).answers(201, &answer)
}

fn created() -> Exchange {
    makes("/keys", json!({"name": "Help desk", "scopes": ["read", "integrations:write"]}))
}

fn rotated(body: Value) -> Exchange {
    makes(&format!("/keys/{ID}/rotate"), body)
}

#[test]
fn list_prints_the_records() {
    let list = || all(&[first(), key(), revoked()]);
    run("keys_list", &LIST, [list()]);
    run("keys_list_quiet", &["keys", "list", "--quiet"], [list()]);
    run("keys_list_empty", &LIST, [all(&[])]);
    shows("keys_list", 200, &LIST, PLAIN, vec![list()]);
    shows("keys_list_narrow", 100, &LIST, PLAIN, vec![list()]);
    shows("keys_list_empty", 80, &LIST, PLAIN, vec![all(&[])]);
}

#[test]
fn show_prints_one_record() {
    let show = ["keys", "show", ID];
    run("keys_show", &show, [one("GET", &key())]);
    run("keys_show_quiet", &["keys", "get", ID, "--quiet"], [one("GET", &key())]);
    shows("keys_show", 80, &show, PLAIN, vec![one("GET", &key())]);
    let other = with(
        with(first(), json!({"revoked_at": "2026-05-18T08:00:00Z"})),
        json!({"replaces": ID, "user_id": "usr_01jc3q5v6w7x8y9zabcdefghjk"}),
    );
    shows("keys_show_revoked", 80, &show, PLAIN, vec![one("GET", &other)]);
}

#[test]
fn a_new_key_is_printed_once() {
    run("keys_create", &CREATE, [created()]);
    let quiet: Vec<&str> = CREATE.into_iter().chain(["--quiet"]).collect();
    run("keys_create_quiet", &quiet, [created()]);
    shows("keys_create", 100, &CREATE, PLAIN, vec![created()]);
    let json: Vec<&str> = CREATE.into_iter().chain(["--json"]).collect();
    shows("keys_create_json", 100, &json, PLAIN, vec![created()]);
}

#[test]
fn a_key_that_is_too_wide_for_an_agent_is_warned_of() {
    let create = ["keys", "create", "--name", "Agent", "--scopes", "actions:write,integrations:write"];
    let body = json!({"name": "Agent", "scopes": ["actions:write", "integrations:write"]});
    run("keys_create_for_an_agent", &create, [makes("/keys", body.clone())]);
    shows("keys_create_for_an_agent", 80, &create, PLAIN, vec![makes("/keys", body)]);
}

/// Runs a command that makes a key: the key is on standard output, once.
fn prints_the_key(arguments: &[&str], script: Exchange) {
    let api = Api::playing([script]);
    let output = riq(arguments)
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_ORG_ID", ORG)
        .env("RIQ_API_BASE", api.origin())
        .output()
        .unwrap();
    api.finish();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).matches(NEW).count(), 1, "{}", text(&output.stdout));
    assert!(!text(&output.stderr).contains(NEW), "{}", text(&output.stderr));
}

#[test]
fn create_sends_what_is_named() {
    #[rustfmt::skip]
    let arguments = [
        "keys", "create", "--name", "CI", "--scopes", "read", "--scopes", "audit:read", "--bind-to", PROJECT, "--tier",
        "pro", "--expires", "2027-03-01T10:00:00Z",
    ];
    let body = json!({
        "name": "CI", "scopes": ["read", "audit:read"], "project_ids": [PROJECT], "tier": "pro",
        "expires_at": "2027-03-01T10:00:00Z",
    });
    prints_the_key(&arguments, makes("/keys", body));
    let never = ["keys", "create", "--name", "CI", "--scopes", "read", "--expires", "never"];
    prints_the_key(&never, makes("/keys", json!({"name": "CI", "scopes": ["read"]})));
}

#[test]
fn a_key_that_was_made_before_is_not_shown_again() {
    let repeat = with(key(), json!({"id": NEW_ID, "key": null}));
    let again = || created().answers(201, &json!({"data": repeat}).to_string());
    run("keys_create_repeated", &CREATE, [again()]);
    shows("keys_create_repeated", 100, &CREATE, PLAIN, vec![again()]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_that_could_not_be_printed_is_named() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let api = Api::playing([created()]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_riq"))
        .args(CREATE)
        .env_clear()
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_ORG_ID", ORG)
        .env("RIQ_API_BASE", api.origin())
        .stdout(full())
        .output()
        .unwrap();
    api.finish();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(&format!("the new key {NEW_ID} is lost; revoke it")), "{stderr}");
    assert!(!stderr.contains(NEW), "{stderr}");
}

#[test]
fn a_key_is_made_once_even_if_it_is_asked_for_twice() {
    let busy = json!({"error": "wait", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 0});
    run("keys_create_limited", &CREATE, [created().answers(429, &busy.to_string()), created().repeats()]);
}

#[test]
fn update_sends_what_is_named() {
    let patch = |body: Value| one("PATCH", &key()).body(body);
    #[rustfmt::skip]
    let all = [
        "keys", "update", ID, "--name", "Help desk", "--scopes", "read,integrations:write", "--bind-to", PROJECT,
        "--tier", "starter", "--expires", "2027-03-01T10:00:00Z",
    ];
    let body = json!({
        "name": "Help desk", "scopes": ["read", "integrations:write"], "project_ids": [PROJECT], "tier": "starter",
        "expires_at": "2027-03-01T10:00:00Z",
    });
    run("keys_update", &all, [patch(body)]);
    let wider = ["keys", "update", ID, "--all-projects", "--expires", "never"];
    let body = || json!({"project_ids": null, "expires_at": null});
    run_with("keys_update_wider", &wider, [patch(body())], |command| command.arg("--quiet"));
    shows("keys_update", 80, &wider, PLAIN, vec![patch(body())]);
}

#[test]
fn rotate_prints_the_new_key_once() {
    let now = ["keys", "rotate", ID, "--yes"];
    run("keys_rotate", &now, [rotated(json!({}))]);
    shows("keys_rotate", 100, &now, PLAIN, vec![rotated(json!({}))]);
    let overlap = ["keys", "rotate", ID, "--overlap", "1h", "-y", "--quiet"];
    run("keys_rotate_quiet", &overlap, [rotated(json!({"overlap_seconds": 3600}))]);
}

#[test]
fn revoke_prints_the_record() {
    let yes = ["keys", "revoke", ID, "--yes"];
    run("keys_revoke", &yes, [one("DELETE", &revoked())]);
    run("keys_revoke_quiet", &["keys", "revoke", ID, "--yes", "--quiet"], [one("DELETE", &revoked())]);
    shows("keys_revoke", 80, &yes, PLAIN, vec![one("DELETE", &revoked())]);
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
fn rotating_and_revoking_are_asked_about_at_a_terminal() {
    let rotate = ["keys", "rotate", ID];
    let (question, text, status) = asked(&rotate, vec![one("GET", &key()), rotated(json!({}))], "yes");
    assert!(question.contains(&format!("Rotate Help desk ({ID}, riq_7Hq2...)?")), "{question}");
    assert!(question.contains("The old key stops at once."), "{question}");
    assert_eq!((text.matches(NEW).count(), status), (1, 0), "{text}");
    let overlap = ["keys", "rotate", ID, "--overlap", "1h"];
    let (question, text, status) = asked(&overlap, vec![one("GET", &key())], "no");
    assert!(question.contains("The old key works for another 3600 s."), "{question}");
    assert_eq!((text.trim(), status), ("not rotated", 1));
    let revoke = ["keys", "revoke", ID];
    let (question, text, status) = asked(&revoke, vec![one("GET", &key())], "");
    assert!(question.contains(&format!("Revoke Help desk ({ID}, riq_7Hq2...)?")), "{question}");
    assert_eq!((text.trim(), status), ("not revoked", 1));
}

#[test]
fn the_key_that_riq_works_with_is_named_as_such() {
    let own = with(key(), json!({"hint": KEY[..8]}));
    for command in ["rotate", "revoke"] {
        let (question, _, _) = asked(&["keys", command, ID], vec![one("GET", &own)], "no");
        assert!(question.contains("This is the key that riq works with here."), "{question}");
    }
}

#[test]
fn nothing_is_asked_where_nobody_can_answer() {
    run("keys_revoke_needs_yes", &["keys", "revoke", ID], []);
    let environment: Extra<'_> = &[("RIQ_API_KEY", KEY), ("NO_COLOR", "1")];
    shows("keys_rotate_needs_yes", 80, &["keys", "rotate", ID], environment, vec![]);
}

#[test]
fn what_the_api_refuses_is_passed_on() {
    let missing = || one("GET", &Value::Null).refuses(404, "RESOURCE_NOT_FOUND", "There is no such API key");
    run("keys_missing", &["keys", "show", ID], [missing()]);
    shows("keys_missing", 80, &["keys", "show", ID], PLAIN, vec![missing()]);
    let wider = created().refuses(403, "INSUFFICIENT_SCOPE", "A key cannot grant more than its maker holds");
    run("keys_create_wider", &CREATE, [wider]);
    let bound = || created().refuses(403, "API_KEY_PROJECT_MISMATCH", "The API key is bound to projects");
    shows("keys_create_bound", 80, &CREATE, PLAIN, vec![bound()]);
    let ended = one("PATCH", &Value::Null).body(json!({"name": "x"}));
    let ended =
        ended.refuses(409, "CONFLICT", "The API key is revoked or has expired, so it cannot be changed");
    shows("keys_update_ended", 80, &["keys", "update", ID, "--name", "x"], PLAIN, vec![ended]);
    let other = created().answers(201, "{\"data\":{\"id\":\"key_1\"}}");
    run("keys_create_other_shape", &CREATE, [other]);
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let evil = with(key(), json!({"name": "\u{1b}[2J", "scopes": ["\u{9b}31m"], "hint": "\u{202e}"}));
    shows("keys_evil", 200, &LIST, PLAIN, vec![all(std::slice::from_ref(&evil))]);
    let (question, _, _) = asked(&["keys", "revoke", ID], vec![one("GET", &evil)], "no");
    assert!(question.contains("\\u{1b}[2J") && !question.contains('\u{1b}'), "{question:?}");
}
