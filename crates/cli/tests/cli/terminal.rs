//! What a person sees: tables, cards, errors and the question, all at a pseudo terminal.

use std::process::Command;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use serde_json::json;

use crate::api::{Api, Exchange, KEY, ORG, PROJECT};
use crate::fixtures::{shopify, shopify_entry, slack, slack_entry, with};
use crate::golden::compare;

/// How long a conversation may hang, in milliseconds, before the test gives up on it.
pub(crate) const PATIENCE: u64 = 60_000;

/// Variables beside the usual ones.
pub(crate) type Extra<'a> = &'a [(&'a str, &'a str)];

pub(crate) const PLAIN: Extra<'static> = &[("NO_COLOR", "1"), ("TERM", "xterm-256color")];

/// The binary at a terminal so many columns wide, its key given by a flag.
pub(crate) fn start(api: &Api, columns: u16, arguments: &[&str], extra: Extra<'_>) -> PtySession {
    let key: &[&str] = match extra.iter().any(|(name, _)| *name == "RIQ_API_KEY") {
        true => &[],
        false => &["--api-key", KEY],
    };
    let places: Extra<'_> = &[("RIQ_PROJECT_ID", PROJECT), ("RIQ_ORG_ID", ORG)];
    start_without_key(api, columns, &[arguments, key].concat(), &[places, extra].concat())
}

/// The same without key, project and organization.
pub(crate) fn start_without_key(api: &Api, columns: u16, arguments: &[&str], extra: Extra<'_>) -> PtySession {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "stty rows 24 cols \"$1\" && shift && exec \"$@\"", "sh", &columns.to_string()])
        .arg(env!("CARGO_BIN_EXE_riq"))
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("RIQ_API_BASE", api.origin())
        .envs(extra.iter().copied());
    spawn_command(command, Some(PATIENCE)).unwrap()
}

/// Reads the rest, and the exit status.
pub(crate) fn end(mut session: PtySession) -> (String, i32) {
    let rest = session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, status) => (rest, status),
        other => panic!("ended by {other:?}"),
    }
}

/// Runs a command that asks nothing, and compares what the terminal got.
pub(crate) fn shows(golden: &str, columns: u16, arguments: &[&str], extra: Extra<'_>, script: Vec<Exchange>) {
    let api = Api::playing(script);
    let (text, status) = end(start(&api, columns, arguments, extra));
    let text = text.replace("\r\n", "\n").replace(&api.origin(), "http://API");
    api.finish();
    compare(&format!("terminal_{golden}"), &format!("$ riq {}\nexit {status}\n{text}", arguments.join(" ")));
}

fn list() -> Exchange {
    Exchange::new("GET", "", &json!([slack(), shopify()]))
}

fn catalog() -> Exchange {
    Exchange::new("GET", "/catalog?fields=brief", &json!([slack_entry(), shopify_entry()]))
}

const LIST: [&str; 2] = ["integrations", "list"];

#[test]
fn the_list_is_a_table_with_the_catalogs_names() {
    shows("list", 120, &LIST, PLAIN, vec![list(), catalog()]);
    shows("list_narrow", 72, &LIST, PLAIN, vec![list(), catalog()]);
    let failing = catalog().refuses(500, "INTERNAL_ERROR", "No");
    shows("list_without_names", 120, &LIST, PLAIN, vec![list(), failing]);
    shows("list_empty", 80, &LIST, PLAIN, vec![Exchange::new("GET", "", &json!([]))]);
}

#[test]
fn colours_come_unless_unwanted() {
    shows("list_colours", 120, &LIST, &[("TERM", "xterm-256color")], vec![list(), catalog()]);
    shows("list_dumb", 120, &LIST, &[("TERM", "dumb")], vec![list(), catalog()]);
}

#[test]
fn json_and_quiet_are_obeyed_at_a_terminal() {
    shows("list_quiet", 80, &["integrations", "list", "--quiet"], PLAIN, vec![list()]);
    shows(
        "catalog_json",
        80,
        &["integrations", "catalog", "slack", "--json"],
        PLAIN,
        vec![Exchange::new(
            "GET",
            "/catalog/slack",
            &json!({"provider": "slack", "name": "S\u{1b}[31m\u{9b}31m"}),
        )],
    );
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let evil = with(
        slack(),
        json!({"display_name": "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}", "settings": {"a\u{1b}[1m": "\u{9b}1m"}}),
    );
    shows("list_evil", 120, &LIST, PLAIN, vec![Exchange::new("GET", "", &json!([evil]))]);
    let after = Exchange::new("PATCH", "/slack/lifecycle", &evil).body(json!({"status": "paused"}));
    shows("pause_evil", 120, &["integrations", "pause", "slack"], PLAIN, vec![after]);
    let refused = list().refuses(409, "CONF\u{1b}[31mLICT", "No\u{1b}[2J\n\u{9b}31mroot# ");
    shows("error_evil", 120, &LIST, PLAIN, vec![refused]);
}

#[test]
fn cards_show_one_thing() {
    let entry = || Exchange::new("GET", "/catalog/slack", &slack_entry());
    shows("catalog", 80, &["integrations", "catalog"], PLAIN, vec![catalog()]);
    shows("catalog_one", 80, &["integrations", "catalog", "slack"], PLAIN, vec![entry()]);
    let unset = with(
        shopify_entry(),
        json!({"installable": false, "not_installable_reason": "No OAuth app is set for Shopify"}),
    );
    let unset = Exchange::new("GET", "/catalog/shopify", &unset);
    shows("catalog_not_installable", 80, &["integrations", "catalog", "shopify"], PLAIN, vec![unset]);
    let one = Exchange::new("GET", "/slack", &slack());
    shows("show", 80, &["integrations", "show", "slack"], PLAIN, vec![one, entry()]);
    let failing = Exchange::new("GET", "/shopify", &shopify());
    let shop = Exchange::new("GET", "/catalog/shopify", &shopify_entry());
    shows("show_failing", 80, &["integrations", "show", "shopify"], PLAIN, vec![failing, shop]);
    let install = Exchange::new(
        "POST",
        "/slack/install-url",
        &json!({"provider": "slack", "install_url": "https://HOST/dashboard", "setup_type": "oauth",
        "message": "Open the URL above in a browser to complete installation."}),
    );
    shows("install_url", 80, &["integrations", "install-url", "slack"], PLAIN, vec![install]);
}

#[test]
fn errors_are_for_people() {
    let body = json!({"settings": {"refunds_enabled": 1}});
    let refused = Exchange::new("PATCH", "/shopify/lifecycle", &shopify()).body(body).answers(
        400,
        &json!({"error": "Invalid body", "code": "BAD_REQUEST", "request_id": "req_1", "issues": [
            {"path": "settings.refunds_enabled", "message": "Expected boolean"}]})
        .to_string(),
    );
    let arguments = ["integrations", "update", "shopify", "--setting", "refunds_enabled=1"];
    shows("e400", 80, &arguments, PLAIN, vec![refused]);
    shows("e401", 80, &LIST, PLAIN, vec![list().refuses(401, "UNAUTHORIZED", "The API key is not valid")]);
    let env: Extra<'_> = &[("RIQ_API_KEY", KEY), ("RIQ_ORG_ID", "org_1"), ("NO_COLOR", "1")];
    shows("e401_environment", 80, &LIST, env, vec![list().refuses(401, "UNAUTHORIZED", "Not valid")]);
    let mismatch = list().refuses(403, "API_KEY_PROJECT_MISMATCH", "The key's organization does not own it");
    shows("e403", 80, &LIST, env, vec![mismatch]);
    let absent = Exchange::new("GET", "/shopify", &shopify());
    let absent = absent.refuses(404, "INTEGRATION_NOT_FOUND", "Shopify is not installed in this project");
    shows("e404", 80, &["integrations", "show", "shopify"], PLAIN, vec![absent]);
    shows("usage", 80, &["integrations", "pause"], PLAIN, vec![]);
    shows(
        "e500_colours",
        80,
        &LIST,
        &[("TERM", "xterm")],
        vec![list().refuses(500, "INTERNAL_ERROR", "Sorry")],
    );
}

#[test]
fn waiting_is_announced() {
    let limited = || {
        let body =
            json!({"error": "Too many", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 0});
        list().answers(429, &body.to_string())
    };
    shows("e429", 80, &LIST, PLAIN, vec![limited(), limited()]);
}

fn deleted() -> Exchange {
    let after = json!({"status": "disconnected", "sidebar_enabled": false, "health_status": "unknown"});
    Exchange::new("DELETE", "/slack", &with(slack(), after))
}

const DISCONNECT: [&str; 3] = ["integrations", "disconnect", "slack"];

#[test]
fn yes_disconnects() {
    for answer in ["yes", "Y", " YES "] {
        let api = Api::playing([list(), deleted()]);
        let mut session = start(&api, 80, &DISCONNECT, PLAIN);
        let question = session.exp_string("Type yes to go on: ").unwrap();
        assert!(
            question.contains(&format!("Disconnect Acme Workspace (slack) from project {PROJECT}?")),
            "{question}"
        );
        assert!(question.contains("The tokens are NOT revoked at the provider."), "{question}");
        session.send_line(answer).unwrap();
        let (text, status) = end(session);
        api.finish();
        assert_eq!(status, 0);
        assert!(text.contains("disconnected") && text.contains("not revoked at the provider"), "{text}");
    }
}

#[test]
fn a_question_and_a_card_use_the_catalogs_name_where_there_is_no_other() {
    let entry = || Exchange::new("GET", "/catalog/shopify", &shopify_entry());
    let gone = with(shopify(), json!({"status": "disconnected", "error_message": null}));
    let api = Api::playing([list(), entry(), Exchange::new("DELETE", "/shopify", &gone), entry()]);
    let mut session = start(&api, 80, &["integrations", "disconnect", "shopify"], PLAIN);
    session.exp_string(&format!("Disconnect Shopify (shopify) from project {PROJECT}?")).unwrap();
    session.exp_string("Type yes to go on: ").unwrap();
    session.send_line("yes").unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 0);
    assert!(text.contains("Name         Shopify\r\n"), "{text}");
}

#[test]
fn anything_else_leaves_it_alone() {
    for answer in ["no", "", "yesterday", "ja"] {
        let api = Api::playing([list()]);
        let mut session = start(&api, 80, &DISCONNECT, PLAIN);
        session.exp_string("Type yes to go on: ").unwrap();
        session.send_line(answer).unwrap();
        let (text, status) = end(session);
        api.finish();
        assert_eq!((text.trim(), status), ("not disconnected", 1), "{answer:?}");
    }
}

#[test]
fn the_end_of_input_leaves_it_alone() {
    let api = Api::playing([list()]);
    let mut session = start(&api, 80, &DISCONNECT, PLAIN);
    session.exp_string("Type yes to go on: ").unwrap();
    session.send_control('d').unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!((text.trim(), status), ("not disconnected", 1));
}

#[test]
fn an_interrupt_at_the_question_exits_130() {
    let api = Api::playing([list()]);
    let mut session = start(&api, 80, &DISCONNECT, PLAIN);
    session.exp_string("Type yes to go on: ").unwrap();
    session.send_control('c').unwrap();
    let (_, status) = end(session);
    api.finish();
    assert_eq!(status, 130);
}

#[test]
fn a_key_from_the_environment_means_no_questions() {
    shows("disconnect_needs_yes", 80, &DISCONNECT, &[("RIQ_API_KEY", KEY), ("NO_COLOR", "1")], vec![]);
}

#[test]
fn yes_given_beforehand_means_no_questions() {
    let told = with(slack(), json!({"status": "disconnected", "message": "Tokens live on at Slack."}));
    let deleted = Exchange::new("DELETE", "/slack", &told).header("ETag", "\"4\"");
    shows("disconnect", 80, &["integrations", "disconnect", "slack", "--yes"], PLAIN, vec![deleted]);
}

#[test]
fn what_is_not_installed_is_not_asked_about() {
    let missing = Exchange::new("DELETE", "/linear", &json!({}));
    let refused = missing.refuses(404, "INTEGRATION_NOT_FOUND", "Linear is not installed in this project");
    shows("disconnect_missing", 80, &["integrations", "disconnect", "linear"], PLAIN, vec![list(), refused]);
}

#[test]
fn update_to_disconnected_asks_too() {
    let api = Api::playing([list()]);
    let arguments = ["integrations", "update", "slack", "--status", "disconnected"];
    let mut session = start(&api, 80, &arguments, PLAIN);
    session.exp_string("Type yes to go on: ").unwrap();
    session.send_line("n").unwrap();
    assert_eq!(end(session).1, 1);
    api.finish();
}
