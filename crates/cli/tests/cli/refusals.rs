//! What the API refuses, and what goes wrong on the way to it.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::fixtures::{shopify, slack, slack_entry};
use crate::golden::{riq, run, run_with};

fn list() -> Exchange {
    Exchange::new("GET", "", &json!([slack()]))
}

const LIST: [&str; 2] = ["integrations", "list"];

#[test]
fn authentication_and_scope_exit_3() {
    run("e401", &LIST, [list().refuses(401, "UNAUTHORIZED", "The API key is not valid")]);
    let scope = "This key lacks the scope integrations:write";
    let pause = Exchange::new("PATCH", "/slack/lifecycle", &slack()).body(json!({"status": "paused"}));
    run("e403", &["integrations", "pause", "slack"], [pause.refuses(403, "INSUFFICIENT_SCOPE", scope)]);
    let other = "The key's organization does not own this project";
    run("e403_project", &LIST, [list().refuses(403, "API_KEY_PROJECT_MISMATCH", other)]);
}

#[test]
fn other_refusals_exit_2() {
    run("e404_project", &LIST, [list().refuses(404, "PROJECT_NOT_FOUND", "No such project")]);
    let delete = Exchange::new("DELETE", "/linear", &json!({}));
    let refused = delete.refuses(404, "INTEGRATION_NOT_FOUND", "Linear is not installed in this project");
    run("e404_integration", &["integrations", "disconnect", "linear", "--yes"], [refused]);
    let resume = Exchange::new("PATCH", "/slack/lifecycle", &slack()).body(json!({"status": "active"}));
    let refused = resume.refuses(409, "REINSTALL_REQUIRED", "Install again");
    run("e409", &["integrations", "resume", "slack"], [refused]);
    run("e500", &LIST, [list().refuses(500, "INTERNAL_ERROR", "Something went wrong")]);
}

#[test]
fn issues_are_part_of_the_message() {
    let body = json!({"settings": {"refunds_enabled": "yes", "limit": -1}});
    let refused = Exchange::new("PATCH", "/shopify/lifecycle", &shopify()).body(body).answers(
        400,
        &json!({"error": "Invalid body", "code": "BAD_REQUEST", "request_id": "req_1", "more": 1, "issues": [
            {"path": "settings.refunds_enabled", "message": "Expected boolean"},
            {"path": "settings.limit", "message": "Expected at least 0", "more": 1}]})
        .to_string(),
    );
    let arguments = [
        "integrations",
        "update",
        "shopify",
        "--setting",
        "refunds_enabled=\"yes\"",
        "--setting",
        "limit=-1",
    ];
    run("e400", &arguments, [refused]);
}

#[test]
fn a_version_of_the_past_is_refused() {
    let call = Exchange::new("PATCH", "/slack/lifecycle", &slack()).body(json!({"status": "paused"}));
    let refused = call.if_match("\"2\"").refuses(412, "PRECONDITION_FAILED", "The integration has changed");
    run("e412", &["integrations", "pause", "slack", "--if-match", "2"], [refused]);
}

#[test]
fn show_tells_an_unknown_provider_from_one_that_is_not_installed() {
    let unknown = Exchange::new("GET", "/nope", &json!({}));
    let unknown = unknown.refuses(404, "PROVIDER_NOT_FOUND", "There is no provider nope");
    run("show_unknown", &["integrations", "show", "nope"], [unknown]);
    let one = || Exchange::new("GET", "/slack", &slack());
    let absent = one().refuses(404, "INTEGRATION_NOT_FOUND", "Slack is not installed in this project");
    run("show_not_installed", &["integrations", "show", "slack"], [absent]);
    let failing = Exchange::new("GET", "/catalog/slack", &slack_entry()).refuses(500, "INTERNAL_ERROR", "No");
    run("show_failing", &["integrations", "show", "slack"], [one(), failing]);
}

fn limited(retry_after: serde_json::Value) -> Exchange {
    list().answers(
        429,
        &json!({"error": "Too many requests", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": retry_after})
            .to_string(),
    )
}

#[test]
fn a_short_rate_limit_is_waited_out_once() {
    run("e429_then_well", &["integrations", "list", "--quiet"], [limited(json!(1)), list()]);
    run("e429_twice", &LIST, [limited(json!(0)), limited(json!(0))]);
    run(
        "e429_then_refused",
        &LIST,
        [limited(json!(0)), list().refuses(401, "UNAUTHORIZED", "Expired meanwhile")],
    );
}

#[test]
fn a_post_is_sent_again_with_the_same_key_and_another_one_with_its_own() {
    let check = |below: &str| Exchange::new("POST", below, &slack());
    let refused = json!({"error": "wait", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 0});
    let api = Api::playing([
        check("/slack/check").answers(429, &refused.to_string()),
        check("/slack/check").repeats(),
        check("/slack/check"),
    ]);
    for _ in 0..2 {
        let mut command = riq(&["integrations", "check", "slack"]);
        command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_API_BASE", api.origin());
        command.assert().success();
    }
    api.finish();
}

#[test]
fn a_long_or_unknown_rate_limit_is_not_waited_out() {
    run("e429_long", &LIST, [limited(json!(31))]);
    run("e429_unknown", &LIST, [limited(json!(null))]);
}

#[test]
fn the_wait_may_stand_in_the_header_alone() {
    let by_header = limited(json!(null)).header("Retry-After", "0");
    run("e429_by_header", &["integrations", "list", "--quiet"], [by_header, list()]);
    let proxy =
        list().answers(429, "slow down").header("Content-Type", "text/plain").header("Retry-After", "0");
    run("e429_by_proxy", &["integrations", "list", "--quiet"], [proxy, list()]);
}

#[test]
fn what_is_not_the_api_is_said_to_be_so() {
    let html = list()
        .answers(200, "<!doctype html><title>Hello</title>")
        .header("Content-Type", "text/html; charset=utf-8");
    run("not_json", &LIST, [html]);
    let gateway = list().answers(502, "<html>Bad gateway</html>").header("Content-Type", "text/html");
    run("not_json_502", &LIST, [gateway]);
    let login = list().answers(401, "<html>Log in</html>").header("Content-Type", "text/html");
    run("not_json_401", &LIST, [login]);
    run("cut_json", &LIST, [list().answers(200, "{\"data\":[")]);
    run("empty_body", &LIST, [list().answers(200, "")]);
    run("empty_body_500", &LIST, [list().answers(500, "")]);
    run("no_data", &LIST, [list().answers(200, "{\"items\":[]}")]);
    run("other_error", &LIST, [list().answers(400, "{\"error\":{\"message\":\"no\"}}")]);
    run("other_shape", &["integrations", "list", "--quiet"], [list().answers(200, "{\"data\":{\"id\":1}}")]);
    run("no_id", &["integrations", "list", "--quiet"], [list().answers(200, "{\"data\":[{}]}")]);
}

#[test]
fn a_redirect_does_not_take_the_key_along() {
    let elsewhere = Api::playing([]);
    let target = format!("{}/api/v1/stolen", elsewhere.origin());
    let api = Api::playing([list().answers(302, "").header("Location", &target)]);
    riq(&LIST)
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_PROJECT_ID", PROJECT)
        .env("RIQ_API_BASE", api.origin())
        .assert()
        .code(2)
        .stdout("");
    api.finish();
    elsewhere.finish();
}

#[test]
fn a_redirect_is_explained() {
    run("redirect", &LIST, [list().answers(308, "").header("Location", "https://elsewhere.example/api/v1")]);
}

#[test]
fn a_broken_connection_exits_2() {
    run("hang_up", &LIST, [list().hang_up()]);
    run("timeout", &["integrations", "list", "--timeout", "1"], [list().silence()]);
}

#[test]
fn nobody_there_exits_2() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for base in [base.clone(), base.replace("http", "https")] {
        let output = riq(&LIST)
            .env("RIQ_API_KEY", KEY)
            .env("RIQ_PROJECT_ID", PROJECT)
            .env("RIQ_API_BASE", &base)
            .output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["code"], "CONNECTION_FAILED");
        assert_eq!(error["status_code"], json!(null));
        assert_eq!(error["request_id"], json!(null));
        let message = error["error"].as_str().unwrap();
        assert!(message.contains(&format!("{base}/api/v1 cannot be reached")), "{message}");
    }
}

/// That the handshake is begun at all shows that a TLS provider is in place.
#[test]
fn https_to_a_server_without_it_exits_2() {
    let api = Api::playing([]);
    let output = riq(&LIST)
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_PROJECT_ID", PROJECT)
        .env("RIQ_API_BASE", api.origin().replace("http", "https"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("CONNECTION_FAILED"));
    api.finish();
}

/// A machine without certificates can still use http.
#[test]
fn http_needs_no_certificates() {
    run_with("list_quiet_no_certificates", &["integrations", "list", "--quiet"], [list()], |command| {
        command.env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere")
    });
}

/// A proxy of the environment is not asked for a server on this machine.
#[test]
fn a_proxy_is_not_asked_for_this_machine() {
    run_with("list_quiet_proxy", &["integrations", "list", "--quiet"], [list()], |command| {
        command.env("HTTP_PROXY", "http://127.0.0.1:1").env("http_proxy", "http://127.0.0.1:1")
    });
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let many: Vec<_> = std::iter::repeat_with(slack).take(2000).collect();
    let api = Api::playing([Exchange::new("GET", "", &json!(many))]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_riq"))
        .args(LIST)
        .env_clear()
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_PROJECT_ID", PROJECT)
        .env("RIQ_API_BASE", api.origin())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
    api.finish();
}
