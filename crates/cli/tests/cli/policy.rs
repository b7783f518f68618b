//! `policy`: what would be decided of calls.

use serde_json::{Value, json};

use crate::api::Exchange;
use crate::fixtures::{RUN, issue_refund, lookup_charge, with};
use crate::golden::{run, run_with};
use crate::terminal::{PLAIN, shows};

fn listed() -> Exchange {
    Exchange::new("GET", "/stripe/actions", &json!([lookup_charge(), issue_refund()]))
}

fn check(kind: &str, rule: &str, decision: Value, changes: Value) -> Value {
    let check = json!({
        "kind": kind, "rule": rule, "decision": decision, "why": null, "value": null, "limit": null, "used": null,
        "within_seconds": null, "setting": null, "a_field_of_tomorrow": 1,
    });
    with(check, changes)
}

/// A refund that a person would be asked about.
fn explained() -> Value {
    json!({
        "action": "issue_refund", "decision": "ask", "reasons": ["30.00 USD is more than 20.00 USD"],
        "same_run_id": null, "provider_asked": true, "input": {"amount": 3000, "charge": "ch_1"},
        "evidence": {"currency": "usd", "refundable": 5000},
        "checks": [
            check("status", "The integration must be active", json!("allow"), json!({"value": "active"})),
            check("permission", "“Issue refunds” must be permitted", json!("allow"), json!({"value": "on"})),
            check(
                "guard",
                "The input “amount” may be at most the setting “Refund limit”",
                json!("ask"),
                json!({"value": "30.00 USD", "limit": "20.00 USD", "why": "30.00 USD is more than 20.00 USD"}),
            ),
            check(
                "guard",
                "The sum of “amount” in one day may be at most the setting “Refunds of a day”",
                json!("allow"),
                json!({"value": "30.00 USD", "limit": "100.00 USD", "used": "12.00 USD", "within_seconds": 86400}),
            ),
        ],
    })
}

/// One that is denied before the provider is asked.
fn denied() -> Value {
    let changes = json!({
        "decision": "deny", "reasons": ["“Issue refunds” is not permitted"], "same_run_id": RUN,
        "provider_asked": false, "evidence": {},
        "checks": [
            check("status", "The integration must be active", json!("allow"), json!({"value": "active"})),
            check(
                "permission",
                "“Issue refunds” must be permitted",
                json!("deny"),
                json!({"value": "off", "why": "“Issue refunds” is not permitted"}),
            ),
            check("guard", "What Stripe says of “disputed” must be off", Value::Null, json!({})),
        ],
    });
    with(explained(), changes)
}

const EXPLAIN: [&str; 8] =
    ["policy", "explain", "stripe", "issue_refund", "--input", "charge=ch_1", "--input", "amount=3000"];

fn asked(answer: &Value) -> Exchange {
    let body = json!({"input": {"charge": "ch_1", "amount": 3000}});
    Exchange::new("POST", "/stripe/actions/issue_refund/explain", answer).body(body)
}

#[test]
fn an_explanation_shows_everything_that_is_looked_at() {
    run("policy_explain", &EXPLAIN, [listed(), asked(&explained())]);
    let quiet: Vec<&str> = EXPLAIN.into_iter().chain(["--quiet"]).collect();
    run("policy_explain_quiet", &quiet, [listed(), asked(&explained())]);
    shows("policy_explain", 80, &EXPLAIN, PLAIN, vec![listed(), asked(&explained())]);
    shows("policy_explain_denied", 80, &EXPLAIN, PLAIN, vec![listed(), asked(&denied())]);
    let evil = json!({
        "decision": "later", "reasons": ["\u{202e}because"], "input": {"note": "a\u{1b}[2J"},
        "checks": [check("mood", "\u{200b}must be good", json!("perhaps"), json!({"value": "\u{2066}x"}))],
    });
    shows("policy_explain_evil", 80, &EXPLAIN, PLAIN, vec![listed(), asked(&with(explained(), evil))]);
    let missing = asked(&Value::Null).refuses(422, "PROVIDER_REFUSED", "There is no such charge");
    run("policy_explain_refused", &EXPLAIN, [listed(), missing]);
    let file = ["policy", "explain", "stripe", "issue_refund", "--quiet", "--input-file", "-"];
    run_with("policy_explain_stdin", &file, [asked(&explained())], |command| {
        command.write_stdin(r#"{"charge": "ch_1", "amount": 3000}"#)
    });
}

#[test]
fn a_replay_shows_what_would_be_decided_otherwise() {
    #[rustfmt::skip]
    let arguments = [
        "policy", "replay", "stripe", "--set", "refund_limit_cents=2000", "--permit", "cancel_subscription=ask",
    ];
    let body = json!({
        "settings": {"refund_limit_cents": 2000}, "action_permissions": {"cancel_subscription": "ask"}
    });
    let one = json!({
        "run_id": RUN, "action": "issue_refund", "created_at": "2026-05-17T17:55:00Z", "was": "allow",
        "would_be": "ask", "reasons": ["30.00 USD is more than 20.00 USD"],
    });
    let replayed = |answer: Value| Exchange::new("POST", "/stripe/policy/replay", &answer).body(body.clone());
    let some = || json!({"decided": 120, "left_out": 2, "has_more": true, "otherwise": [one]});
    run("policy_replay", &arguments, [replayed(some())]);
    let quiet: Vec<&str> = arguments.into_iter().chain(["--quiet"]).collect();
    run("policy_replay_quiet", &quiet, [replayed(some())]);
    shows("policy_replay", 110, &arguments, PLAIN, vec![replayed(some())]);
    shows("policy_replay_narrow", 60, &arguments, PLAIN, vec![replayed(some())]);
    let none = json!({"decided": 7, "left_out": 0, "has_more": false, "otherwise": []});
    shows("policy_replay_none", 80, &arguments, PLAIN, vec![replayed(none)]);
}
