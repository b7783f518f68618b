//! `actions`: what can be done, and calling it.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY};
use crate::fixtures::{
    APPROVAL, RUN, denied_run, issue_refund, lookup_charge, pending_run, refund_run, with,
};
use crate::golden::{run, run_with};
use crate::terminal::{Extra, PLAIN, end, shows, start};

fn listed() -> Exchange {
    Exchange::new("GET", "/stripe/actions", &json!([lookup_charge(), issue_refund()]))
}

/// Expects a call with this body.
fn called(body: Value, run: &Value) -> Exchange {
    Exchange::new("POST", "/stripe/actions/issue_refund", run).body(body)
}

fn refund() -> Value {
    json!({"input": {"charge": "ch_1", "amount": 500}})
}

const CALL: [&str; 8] =
    ["actions", "run", "stripe", "issue_refund", "--input", "charge=ch_1", "--input", "amount=500"];

/// The call with other options.
fn call<'a>(options: &[&'a str]) -> Vec<&'a str> {
    CALL.iter().chain(options).copied().collect()
}

/// Expects a look at the run, which waits for its end.
fn looked_at(run: &Value) -> Exchange {
    Exchange::in_project("GET", &format!("/action-runs/{RUN}?wait=30"), run)
}

#[test]
fn list_prints_data() {
    let list = ["actions", "list", "stripe"];
    run("actions_list", &list, [listed()]);
    run("actions_list_quiet", &["actions", "list", "stripe", "--quiet"], [listed()]);
    shows("actions_list", 100, &list, PLAIN, vec![listed()]);
    shows("actions_list_narrow", 60, &list, PLAIN, vec![listed()]);
    let missing = listed().refuses(404, "INTEGRATION_NOT_FOUND", "Stripe is not installed in this project");
    shows("actions_list_missing", 80, &list, PLAIN, vec![missing]);
}

#[test]
fn show_prints_one_action_with_its_inputs() {
    run("actions_show", &["actions", "show", "stripe", "issue_refund"], [listed()]);
    run("actions_show_quiet", &["actions", "get", "stripe", "issue_refund", "--quiet"], [listed()]);
    run("actions_show_unknown", &["actions", "show", "stripe", "sing"], [listed()]);
    shows("actions_show", 80, &["actions", "show", "stripe", "issue_refund"], PLAIN, vec![listed()]);
    shows("actions_show_paused", 80, &["actions", "show", "stripe", "lookup_charge"], PLAIN, vec![listed()]);
    shows("actions_show_unknown", 80, &["actions", "show", "stripe", "sing"], PLAIN, vec![listed()]);
}

#[test]
fn a_call_sends_inputs_by_their_type() {
    run("actions_run", &CALL, [listed(), called(refund(), &refund_run())]);
    run("actions_run_quiet", &call(&["--quiet"]), [listed(), called(refund(), &refund_run())]);
    shows("actions_run", 80, &CALL, PLAIN, vec![listed(), called(refund(), &refund_run())]);
    let all = json!({
        "input": {"charge": "12", "amount": -5, "notify": true, "tags": ["a", "b=c"], "why": "duplicate"},
        "context": {"on_behalf_of": "ada@shop.example", "conversation": "ticket 4711", "reason": "It came broken"},
    });
    #[rustfmt::skip]
    let arguments = [
        "actions", "run", "stripe", "issue_refund", "--input", "charge=12", "--input", "amount=-5", "--input",
        "notify=true", "--input", r#"tags=["a", "b=c"]"#, "--input", "why=duplicate", "--reason", "It came broken",
        "--on-behalf-of", "ada@shop.example", "--conversation", "ticket 4711", "--quiet",
    ];
    run("actions_run_quiet_all", &arguments, [listed(), called(all, &refund_run())]);
}

#[test]
fn a_call_reads_a_file_or_standard_input() {
    let file = ["actions", "run", "stripe", "issue_refund", "--quiet", "--input-file", "-"];
    let sent = called(json!({"input": {"charge": "ch_1", "amount": 500}}), &refund_run());
    run_with("actions_run_stdin", &file, [sent], |command| {
        command.write_stdin(r#"{"charge": "ch_1", "amount": 500}"#)
    });
    let both = called(json!({"input": {"charge": "ch_1", "amount": 7}}), &refund_run());
    let arguments: Vec<&str> = file.iter().copied().chain(["--input", "amount=7"]).collect();
    run_with("actions_run_stdin_and_input", &arguments, [listed(), both], |command| {
        command.write_stdin(r#"{"charge": "ch_1", "amount": 500}"#)
    });
    run_with("actions_run_stdin_twice", &file, [], |command| {
        command.write_stdin(r#"{"charge": "ch_1", "charge": "ch_2"}"#)
    });
    let missing = ["actions", "run", "stripe", "issue_refund", "--input-file", "/nowhere"];
    run("actions_run_no_file", &missing, []);
}

#[test]
fn every_fault_of_the_input_is_named() {
    #[rustfmt::skip]
    let arguments = [
        "actions", "run", "stripe", "issue_refund", "--input", "amount=five", "--input", "notify=yes", "--input",
        "tags=a", "--input", "colour=red", "--input", "why=a", "--input", "why=b",
    ];
    run("actions_run_faults", &arguments, [listed()]);
    shows("actions_run_faults", 80, &arguments, PLAIN, vec![listed()]);
}

#[test]
fn what_is_missing_is_left_to_the_server_where_nobody_can_be_asked() {
    let refused = called(json!({"input": {}}), &Value::Null).answers(
        400,
        &json!({"error": "Invalid body", "code": "BAD_REQUEST", "request_id": "req_1", "issues": [
            {"path": "input.charge", "message": "Required"}]})
        .to_string(),
    );
    run("actions_run_missing", &["actions", "run", "stripe", "issue_refund"], [refused.clone()]);
    let env: Extra<'_> = &[("RIQ_API_KEY", KEY), ("NO_COLOR", "1")];
    shows("actions_run_missing", 80, &["actions", "run", "stripe", "issue_refund"], env, vec![refused]);
}

#[test]
fn what_is_missing_is_asked_for_at_a_terminal() {
    let api = Api::playing([listed(), called(refund(), &refund_run())]);
    let mut session = start(&api, 80, &["actions", "run", "stripe", "issue_refund"], PLAIN);
    session.exp_string("How much, in the smallest unit.").unwrap();
    session.exp_string("amount (integer): ").unwrap();
    session.send_line("five").unwrap();
    session.exp_string("Expected a whole number, such as 5").unwrap();
    session.exp_string("amount (integer): ").unwrap();
    session.send_line("500").unwrap();
    session.exp_string("charge (string): ").unwrap();
    session.send_line("ch_1").unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("succeeded"), "{text}");
}

#[test]
fn the_end_of_input_at_a_question_calls_nothing() {
    let api = Api::playing([listed()]);
    let mut session = start(&api, 80, &["actions", "run", "stripe", "issue_refund"], PLAIN);
    session.exp_string("amount (integer): ").unwrap();
    session.send_control('d').unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("amount is needed, and was not given"), "{text}");
}

#[test]
fn a_call_that_waits_for_a_person_says_so() {
    let asked = || called(refund(), &pending_run());
    run("actions_run_pending", &CALL, [listed(), asked()]);
    shows("actions_run_pending", 100, &CALL, PLAIN, vec![listed(), asked()]);
    let sending = with(pending_run(), json!({"status": "sending", "approval_id": null}));
    shows("actions_run_sending", 100, &CALL, PLAIN, vec![listed(), called(refund(), &sending)]);
}

#[test]
fn waiting_ends_with_the_run() {
    let asked = || called(refund(), &pending_run());
    let approved = with(refund_run(), json!({"approval_id": APPROVAL}));
    let quick: Extra<'_> = &[("NO_COLOR", "1"), ("RIQ_WAIT_INTERVAL_MS", "0")];
    let wait = call(&["--wait"]);
    let script = || vec![listed(), asked(), looked_at(&pending_run()), looked_at(&approved)];
    run_with("actions_run_wait", &wait, script(), |command| command.env("RIQ_WAIT_INTERVAL_MS", "0"));
    shows("actions_run_wait", 100, &wait, quick, script());
    let denied = || vec![listed(), asked(), looked_at(&denied_run())];
    run("actions_run_wait_denied", &wait, denied());
    shows("actions_run_wait_denied", 100, &wait, quick, denied());
    let expired = with(pending_run(), json!({"status": "expired", "finished_at": "2026-05-18T17:55:00Z"}));
    run("actions_run_wait_expired", &wait, [listed(), asked(), looked_at(&expired)]);
    let away = looked_at(&Value::Null).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer");
    let script = [listed(), asked(), away, looked_at(&Value::Null).hang_up(), looked_at(&approved)];
    run_with("actions_run_wait_after_trouble", &call(&["--wait", "--quiet"]), script, |command| {
        command.env("RIQ_WAIT_INTERVAL_MS", "0")
    });
}

fn refused(status: u16, code: &str, message: &str, more: Value) -> Exchange {
    let error = json!({"error": message, "code": code, "request_id": "req_1", "run_id": RUN});
    called(refund(), &Value::Null).answers(status, &with(error, more).to_string())
}

#[test]
fn a_call_that_was_not_made_names_its_run() {
    let no = || refused(403, "ACTION_NOT_PERMITTED", "issue_refund is not permitted", json!({}));
    run("actions_run_denied", &CALL, [listed(), no()]);
    shows("actions_run_denied", 80, &CALL, PLAIN, vec![listed(), no()]);
    let limit = refused(403, "ACTION_LIMIT_EXCEEDED", "refund_limit is 400", json!({}));
    run("actions_run_limit", &CALL, [listed(), limit]);
    let scope =
        called(refund(), &Value::Null).refuses(403, "INSUFFICIENT_SCOPE", "The key lacks actions:write");
    run("actions_run_scope", &CALL, [listed(), scope]);
    let provider = refused(422, "PROVIDER_REFUSED", "No such charge", json!({"provider_status": 404}));
    run("actions_run_refused", &CALL, [listed(), provider]);
    let unknown = || refused(504, "OUTCOME_UNKNOWN", "It may have been done", json!({}));
    run("actions_run_unknown", &CALL, [listed(), unknown()]);
    shows("actions_run_unknown", 80, &CALL, PLAIN, vec![listed(), unknown()]);
}

#[test]
fn a_limit_before_the_run_is_waited_for_and_one_in_the_run_is_not() {
    let limit =
        json!({"error": "Wait", "code": "PROVIDER_RATE_LIMITED", "request_id": "req_1", "retry_after": 0});
    let before = called(refund(), &Value::Null).answers(429, &limit.to_string());
    let script = [listed(), before, called(refund(), &refund_run()).repeats()];
    run("actions_run_limited_before", &call(&["--quiet"]), script);
    let in_run = refused(429, "PROVIDER_RATE_LIMITED", "Stripe allows no more", json!({"retry_after": 0}));
    run("actions_run_limited", &CALL, [listed(), in_run]);
}

#[test]
fn a_lost_answer_says_how_to_ask_again() {
    let key = ["--idempotency-key", "order-1001"];
    let lost = called(refund(), &Value::Null).named("order-1001").hang_up();
    let api = Api::playing([listed(), lost]);
    let mut command = crate::golden::riq(&call(&key));
    command
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_PROJECT_ID", crate::api::PROJECT)
        .env("RIQ_API_BASE", api.origin());
    let output = command.output().unwrap();
    api.finish();
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((output.status.code(), &error["code"]), (Some(2), &json!("CONNECTION_FAILED")));
    let says = "the call may have been made; the same command with --idempotency-key order-1001 does not make it twice";
    assert!(error["error"].as_str().unwrap().contains(says), "{error}");
}

#[test]
fn what_steers_a_terminal_does_not_come_out_of_a_run() {
    let evil = json!({
        "result": {"text": "\u{9b}2J\u{202e}\u{200b}"}, "input": {"charge": "a\u{1b}[2J\u{e0041}   .     ."},
        "context": {"reason": "\u{202e}ok"},
    });
    let evil = with(refund_run(), evil);
    run("actions_run_evil", &CALL, [listed(), called(refund(), &evil)]);
    shows("actions_run_evil", 80, &CALL, PLAIN, vec![listed(), called(refund(), &evil)]);
}
