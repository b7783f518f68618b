//! `audit`: pages, filters, and following what happens.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::golden::{run, run_with};
use crate::terminal::{PLAIN, shows};

const FOLLOW: [&str; 4] = ["audit", "tail", "--follow", "--quiet"];

fn event(number: usize) -> Value {
    json!({
        "id": format!("aud_{number:04}"), "action": "integration.lifecycle.updated",
        "actor": {"kind": "api_key", "api_key_id": "key_1", "name": "Help desk"}, "provider": "slack",
        "integration_id": "int_slack", "request_id": "req_1",
        "changes": [{"path": "status", "from": "active", "to": "paused"},
                    {"path": "settings.hour", "from": null, "to": 9}],
        "created_at": "2026-05-17T17:55:00.123456Z",
    })
}

fn by_system(number: usize) -> Value {
    json!({
        "id": format!("aud_{number:04}"), "action": "integration.health.changed",
        "actor": {"kind": "system", "api_key_id": null, "name": null}, "provider": "notion",
        "integration_id": "int_notion", "request_id": null, "changes": [],
        "created_at": "2026-05-17T17:55:09Z", "a_field_of_tomorrow": true,
    })
}

fn project_created(number: usize) -> Value {
    json!({
        "id": format!("aud_{number:04}"), "action": "project.created",
        "actor": {"kind": "operator", "api_key_id": null, "name": null}, "provider": null,
        "integration_id": null, "request_id": null, "changes": [], "created_at": "2026-05-17T17:55:00Z",
    })
}

/// A page of the log: these events, newest first, and where the next one begins.
fn page(query: &str, events: &[Value], cursor: Option<&str>) -> Exchange {
    let body = json!({"data": events, "cursor": cursor, "has_more": cursor.is_some()});
    Exchange::new("GET", "", &Value::Null)
        .at(&format!("/api/v1/projects/{PROJECT}/audit?{query}"))
        .answers(200, &body.to_string())
}

fn numbered(newest: usize, oldest: usize) -> Vec<Value> {
    (oldest..=newest).rev().map(event).collect()
}

#[test]
fn export_prints_what_the_server_sends() {
    let exported = |query: &str, text: &str| {
        Exchange::new("GET", "", &Value::Null)
            .at(&format!("/api/v1/projects/{PROJECT}/audit/export?{query}"))
            .answers(200, text)
    };
    let lines = "{\"number\":1,\"hash\":\"9f86\"}\n{\"number\":2,\"hash\":\"60fe\"}\n";
    let all = || exported("format=jsonl", lines);
    run("audit_export", &["audit", "export"], [all()]);
    run("audit_export_quiet", &["audit", "export", "--quiet"], [all()]);
    shows("audit_export", 80, &["audit", "export"], PLAIN, vec![all()]);
    let table = exported(
        "format=csv&action=integration.installed&since=2026-05-01T00%3A00%3A00Z",
        "\"number\"\r\n\"1\"\r\n",
    );
    let narrowed = [
        "audit",
        "export",
        "--format",
        "csv",
        "--action",
        "integration.installed",
        "--since",
        "2026-05-01T00:00:00Z",
    ];
    run("audit_export_csv", &narrowed, [table]);
    let refused =
        json!({"error": "The key lacks audit:read", "code": "INSUFFICIENT_SCOPE", "request_id": "req_1"});
    let refused = exported("format=jsonl", "").answers(403, &refused.to_string());
    run("audit_export_refused", &["audit", "export"], [refused]);
}

#[test]
fn list_prints_the_newest_events() {
    let newest = || page("limit=50", &[by_system(3), event(2), project_created(1)], None);
    run("audit_list", &["audit", "list"], [newest()]);
    run("audit_list_quiet", &["audit", "list", "--quiet"], [newest()]);
    run("audit_list_empty", &["audit", "list"], [page("limit=50", &[], None)]);
    shows("audit_list", 120, &["audit", "list"], PLAIN, vec![newest()]);
    shows("audit_list_narrow", 80, &["audit", "list"], PLAIN, vec![newest()]);
    shows("audit_list_empty", 80, &["audit", "list"], PLAIN, vec![page("limit=50", &[], None)]);
}

#[test]
fn list_narrows() {
    let query = "limit=2&action=integration.health.changed&provider=notion&actor=system&since=2026-05-01T00%3A00%3A00Z\
                 &until=2026-06-01T00%3A00%3A00Z";
    #[rustfmt::skip]
    let arguments = [
        "audit", "list", "--action", "integration.health.changed", "--provider", "notion", "--actor", "system",
        "--since", "2026-05-01T00:00:00Z", "--until", "2026-06-01T00:00:00Z", "--limit", "2", "--quiet",
    ];
    run("audit_list_filtered", &arguments, [page(query, &[by_system(3), by_system(2)], Some("aud_0002"))]);
}

#[test]
fn list_goes_from_page_to_page() {
    let first = || page("limit=200", &numbered(205, 6), Some("aud_0006"));
    let second = |limit: usize, events: &[Value], cursor| {
        page(&format!("limit={limit}&cursor=aud_0006"), events, cursor)
    };
    let ids = |count: usize| (206 - count..=205).rev().map(|id| format!("aud_{id:04}\n")).collect::<String>();
    for (arguments, script, count) in [
        (&["--limit", "203"][..], [first(), second(3, &numbered(5, 3), Some("aud_0003"))], 203),
        (&["--limit", "1000"], [first(), second(200, &numbered(5, 1), None)], 205),
        (&["--all"], [first(), second(200, &numbered(5, 1), None)], 205),
    ] {
        let api = Api::playing(script);
        let all: Vec<&str> = ["audit", "list", "--quiet"].iter().chain(arguments).copied().collect();
        let output = riq(&api, &all).output().unwrap();
        api.finish();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), ids(count), "{arguments:?}");
    }
    let more = vec![page("limit=1", &[event(2)], Some("aud_0002"))];
    shows("audit_list_more", 120, &["audit", "list", "--limit", "1"], PLAIN, more);
}

#[test]
fn list_passes_refusals_on() {
    let refused = page("limit=50&actor=me", &[], None).answers(
        400,
        &json!({"error": "Invalid query", "code": "BAD_REQUEST", "request_id": "req_1", "issues": [
            {"path": "query.actor", "message": "Expected an API key's id, operator or system"}]})
        .to_string(),
    );
    run("audit_list_refused", &["audit", "list", "--actor", "me"], [refused]);
    let scope =
        page("limit=50", &[], None).refuses(403, "INSUFFICIENT_SCOPE", "The API key lacks audit:read");
    run("audit_list_scope", &["audit", "list"], [scope]);
}

#[test]
fn tail_prints_the_last_events_oldest_first() {
    let last = || page("limit=10", &[by_system(3), event(2), project_created(1)], None);
    run("audit_tail", &["audit", "tail"], [last()]);
    run("audit_tail_quiet", &["audit", "tail", "--quiet"], [last()]);
    shows("audit_tail", 120, &["audit", "tail"], PLAIN, vec![last()]);
    let narrowed = page("limit=2&provider=notion", &[by_system(3), by_system(1)], Some("aud_0001"));
    run("audit_tail_filtered", &["audit", "tail", "-n", "2", "--provider", "notion", "--quiet"], [narrowed]);
    run("audit_tail_none", &["audit", "tail", "--lines", "0"], []);
}

/// Follows until the API refuses, which ends the script.
fn follows(golden: &str, script: impl IntoIterator<Item = Exchange>) {
    let last = page("limit=200", &[], None).refuses(401, "UNAUTHORIZED", "The API key is revoked");
    run_with(golden, &FOLLOW, script.into_iter().chain([last]), |command| {
        command.env("RIQ_WAIT_INTERVAL_MS", "0")
    });
}

#[test]
fn following_prints_each_event_once() {
    let poll = |events: &[Value]| page("limit=200", events, None);
    follows(
        "audit_follow",
        [
            poll(&[event(5), event(3)]),
            poll(&[event(5), event(3)]),
            // 4 was begun before 5 and committed after it.
            poll(&[event(7), event(6), event(5), event(4), event(3)]),
            poll(&[event(7), event(6), event(5), event(4), event(3)]),
        ],
    );
    follows("audit_follow_from_nothing", [poll(&[]), poll(&[event(1)]), poll(&[event(1)])]);
}

#[test]
fn following_reads_back_over_pages_to_what_it_knows() {
    let known = page("limit=200", &numbered(200, 1), Some("aud_0001"));
    let first = || page("limit=200", &numbered(500, 301), Some("aud_0301"));
    let second = page("limit=200&cursor=aud_0301", &numbered(300, 101), Some("aud_0101"));
    let refused = page("limit=200", &[], None).refuses(401, "UNAUTHORIZED", "The API key is revoked");
    let api = Api::playing([known, first(), second, first(), refused]);
    let arguments = ["audit", "tail", "--follow", "--lines", "0", "--quiet"];
    let output = riq(&api, &arguments).env("RIQ_WAIT_INTERVAL_MS", "0").output().unwrap();
    api.finish();
    assert_eq!(output.status.code(), Some(3));
    let expected: String = (201..=500).map(|id| format!("aud_{id:04}\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn following_outlives_a_server_that_is_away() {
    let poll = |events: &[Value]| page("limit=200", events, None);
    let busy =
        json!({"error": "Wait", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 0}).to_string();
    follows(
        "audit_follow_after_trouble",
        [
            poll(&[event(1)]),
            poll(&[]).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer"),
            poll(&[]).hang_up(),
            // Rate-limited, and so again at the one retry.
            poll(&[]).answers(429, &busy),
            poll(&[]).answers(429, &busy),
            poll(&[event(2), event(1)]),
        ],
    );
    let unreachable = page("limit=200", &[], None).refuses(503, "SERVICE_UNAVAILABLE", "No database");
    run("audit_follow_not_begun", &FOLLOW, [unreachable]);
}

#[test]
fn an_interrupt_ends_following() {
    let script = [page("limit=200", &[event(1)], None), page("limit=200", &[event(1)], None).silence()];
    let api = Api::playing(script);
    let mut child: Child = riq(&api, &FOLLOW)
        .env("RIQ_WAIT_INTERVAL_MS", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "aud_0001\n");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(130), &b""[..]));
}

/// The binary with an empty environment, and key and project from it.
fn riq(api: &Api, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_riq"));
    command.env_clear().args(arguments);
    command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_API_BASE", api.origin());
    command
}
