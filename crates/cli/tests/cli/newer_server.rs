//! A server that is newer than this command line: words and fields that it does not know.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::fixtures::{slack, slack_entry, with};
use crate::golden::{riq, run};
use crate::terminal::{PLAIN, shows};

const LIST: [&str; 2] = ["integrations", "list"];

fn integration() -> Value {
    let words = json!({
        "status": "hibernating", "health_status": "splendid", "setup_type": "device_code",
        "action_permissions": {"post_message": "ask", "archive_channel": {"until": 5}, "sing": true},
        "later": {"deep": [1, null, 12345678901234567890u64]},
    });
    with(slack(), words)
}

fn entry() -> Value {
    let words = json!({
        "category": "weather", "setup_type": "device_code", "status": "hibernating", "health_status": "splendid",
        "actions": [{"key": "sing", "label": "Sing", "description": "Sings.", "kind": "audible", "default": false,
                     "requests": [{"method": "QUERY", "path": "/sing", "later": 1}], "callable": true}],
        "later": [{}],
    });
    with(slack_entry(), words)
}

fn event() -> Value {
    json!({
        "id": "aud_0001", "action": "integration.hibernated",
        "actor": {"kind": "agent", "api_key_id": null, "name": null, "later": 1}, "provider": "slack",
        "integration_id": "int_slack", "request_id": null, "changes": {"status": "hibernating"},
        "created_at": "2026-05-17T17:55:00Z", "later": "",
    })
}

fn list() -> Exchange {
    Exchange::new("GET", "", &json!([integration()]))
}

fn one() -> Exchange {
    Exchange::new("GET", "/slack", &integration())
}

fn audit() -> Exchange {
    let body = json!({"data": [event()], "cursor": null, "has_more": false, "later": 1}).to_string();
    Exchange::new("GET", "", &Value::Null)
        .at(&format!("/api/v1/projects/{PROJECT}/audit?limit=50"))
        .answers(200, &body)
}

#[test]
fn words_that_are_not_known_are_shown_as_they_came() {
    shows("newer_list", 120, &LIST, PLAIN, vec![list()]);
    let catalog = Exchange::new("GET", "/catalog/slack", &entry());
    shows("newer_catalog_one", 80, &["integrations", "catalog", "slack"], PLAIN, vec![catalog.clone()]);
    let other = with(entry(), json!({"actions": {"sing": {"kind": "audible"}}}));
    let other = Exchange::new("GET", "/catalog/slack", &other);
    shows("newer_actions", 80, &["integrations", "catalog", "slack"], PLAIN, vec![other]);
    shows("newer_show", 80, &["integrations", "show", "slack"], PLAIN, vec![one(), catalog]);
    shows("newer_audit_list", 120, &["audit", "list"], PLAIN, vec![audit()]);
}

#[test]
fn a_code_that_is_not_known_is_judged_by_its_status() {
    for (golden, status) in [("newer_e403", 403), ("newer_e409", 409), ("newer_e500", 500)] {
        let refused = || list().refuses(status, "HIBERNATING", "It sleeps until spring");
        run(golden, &LIST, [refused()]);
        shows(golden, 80, &LIST, PLAIN, vec![refused()]);
    }
}

/// Runs a command, which must print `data` field by field as it came.
fn prints(arguments: &[&str], script: Vec<Exchange>, data: &Value) {
    let api = Api::playing(script);
    let mut command = riq(arguments);
    command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_API_BASE", api.origin());
    command.assert().code(0).stdout(format!("{data:#}\n")).stderr("");
    api.finish();
}

#[test]
fn json_is_the_servers_own() {
    prints(&LIST, vec![list()], &json!([integration()]));
    let catalog = |below: &str, data: &Value| vec![Exchange::new("GET", &format!("/catalog{below}"), data)];
    prints(&["integrations", "catalog"], catalog("", &json!([entry()])), &json!([entry()]));
    prints(&["integrations", "catalog", "slack"], catalog("/slack", &entry()), &entry());
    prints(
        &["integrations", "show", "slack"],
        [vec![one()], catalog("/slack", &entry())].concat(),
        &with(integration(), json!({"catalog": entry()})),
    );
    let paused = Exchange::new("PATCH", "/slack/lifecycle", &integration()).body(json!({"status": "paused"}));
    prints(&["integrations", "pause", "slack"], vec![paused], &integration());
    let link = json!({
        "provider": "slack", "install_url": "https://riq.example", "setup_type": "device_code", "message": "Go",
        "expires_at": "2026-05-17T17:55:00Z",
    });
    let made = Exchange::new("POST", "/slack/install-url", &link);
    prints(&["integrations", "install-url", "slack"], vec![made], &link);
    prints(&["audit", "list"], vec![audit()], &json!([event()]));
}
