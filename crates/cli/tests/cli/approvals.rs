//! `approvals`: what waits for a person, deciding, and watching.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::fixtures::{APPROVAL, RUN, approval, denied_run, pending_run, refund_run, with};
use crate::golden::{riq, run, run_with};
use crate::terminal::{Extra, PLAIN, end, shows, start};

/// A page of approvals.
fn page(query: &str, approvals: &[Value]) -> Exchange {
    let body = json!({"data": approvals, "cursor": null, "has_more": false});
    let page = Exchange::in_project("GET", &format!("/approvals?{query}"), &Value::Null);
    page.answers(200, &body.to_string())
}

fn numbered(number: usize) -> Value {
    with(approval(), json!({"id": format!("apr_{number:04}")}))
}

fn decided() -> Value {
    let changes = json!({
        "status": "denied", "decided_by": {"id": "usr_1", "name": "Grace"}, "decided_at": "2026-05-17T18:00:00Z",
        "note": "Paid back already",
    });
    with(approval(), changes)
}

/// An approval that hides what it is about as well as it can.
fn evil() -> Value {
    let changes = json!({
        "input": {"note": format!("ok{}; refund all", " ".repeat(9000)), "to": "\u{202e}\u{e0041}\u{a0}\r\u{1b}[2J"},
        "context": {"reason": "\u{200b}fine"}, "reasons": ["\u{2066}because"],
        "requested_by": {"id": "key_1", "name": "Help\u{ad} desk"},
    });
    with(approval(), changes)
}

#[test]
fn list_prints_data() {
    let all = || page("limit=50", &[decided(), approval()]);
    run("approvals_list", &["approvals", "list"], [all()]);
    run("approvals_list_quiet", &["approvals", "list", "--quiet"], [all()]);
    shows("approvals_list", 140, &["approvals", "list"], PLAIN, vec![all()]);
    shows("approvals_list_narrow", 70, &["approvals", "list"], PLAIN, vec![all()]);
    let pending = page("limit=200&status=pending", &[]);
    let arguments = ["approvals", "list", "--status", "pending", "--all"];
    shows("approvals_list_empty", 80, &arguments, PLAIN, vec![pending]);
}

#[test]
fn show_prints_everything_that_would_be_done() {
    let one = |data: &Value| Exchange::in_project("GET", &format!("/approvals/{APPROVAL}"), data);
    let show = ["approvals", "show", APPROVAL];
    run("approvals_show", &show, [one(&approval())]);
    run("approvals_show_quiet", &["approvals", "get", APPROVAL, "--quiet"], [one(&approval())]);
    shows("approvals_show", 80, &show, PLAIN, vec![one(&approval())]);
    shows("approvals_show_decided", 80, &show, PLAIN, vec![one(&decided())]);
    shows("approvals_show_evil", 80, &show, PLAIN, vec![one(&evil())]);
    run("approvals_show_evil", &show, [one(&evil())]);
    let missing = one(&Value::Null).refuses(404, "RESOURCE_NOT_FOUND", "There is no such approval");
    shows("approvals_show_missing", 80, &show, PLAIN, vec![missing]);
}

/// Expects a decision.
fn decides(decision: &str, body: Value, run: &Value) -> Exchange {
    Exchange::in_project("POST", &format!("/approvals/{APPROVAL}/{decision}"), run).body(body)
}

#[test]
fn approving_shows_the_run_that_follows() {
    let approve = ["approvals", "approve", APPROVAL];
    let done = || decides("approve", json!({}), &refund_run());
    run("approvals_approve", &approve, [done()]);
    shows("approvals_approve", 80, &approve, PLAIN, vec![done()]);
    let noted = decides("approve", json!({"note": "Checked"}), &refund_run());
    run(
        "approvals_approve_quiet",
        &["approvals", "approve", APPROVAL, "--note", "Checked", "--quiet"],
        [noted],
    );
    // What the provider says has changed since it was asked for, so a person is asked again.
    let again = decides("approve", json!({}), &with(pending_run(), json!({"approval_id": "apr_2"})));
    shows("approvals_approve_again", 100, &approve, PLAIN, vec![again]);
    let sending = with(pending_run(), json!({"status": "sending"}));
    let ended = Exchange::in_project("GET", &format!("/action-runs/{RUN}?wait=30"), &refund_run());
    let script = [decides("approve", json!({}), &sending), ended];
    run("approvals_approve_wait", &["approvals", "approve", APPROVAL, "--wait", "--quiet"], script);
}

#[test]
fn denying_shows_the_run_that_was_denied() {
    let denied = decides("deny", json!({"note": "Paid back already"}), &denied_run());
    run("approvals_deny", &["approvals", "deny", APPROVAL, "--note", "Paid back already"], [denied]);
    let quiet = decides("deny", json!({}), &denied_run());
    run("approvals_deny_quiet", &["approvals", "deny", APPROVAL, "--quiet"], [quiet]);
}

#[test]
fn a_decision_may_be_refused() {
    let approve = ["approvals", "approve", APPROVAL];
    let late = || {
        decides("approve", json!({}), &Value::Null).refuses(
            409,
            "APPROVAL_NOT_PENDING",
            "It is denied already",
        )
    };
    run("approvals_approve_late", &approve, [late()]);
    shows("approvals_approve_late", 80, &approve, PLAIN, vec![late()]);
    let own = decides("approve", json!({}), &Value::Null);
    let own = own.refuses(403, "FORBIDDEN", "Who asked for it cannot approve it: a signed-in person decides");
    run("approvals_approve_own", &approve, [own]);
    let error =
        json!({"error": "No such charge", "code": "PROVIDER_REFUSED", "request_id": "req_1", "run_id": RUN});
    let failed = decides("approve", json!({}), &Value::Null).answers(422, &error.to_string());
    run("approvals_approve_failed", &approve, [failed]);
}

#[test]
fn the_policy_is_shown_and_changed() {
    let input = json!({"channel": "#approvals"});
    let to = json!({"provider": "slack", "action": "post_message", "input": input});
    let failed =
        json!({"approval_id": APPROVAL, "message": "channel_not_found", "at": "2026-05-17T18:00:00Z"});
    let told = with(to.clone(), json!({"problem": "Slack is paused", "last_failure": failed}));
    let shown =
        |notify: Value| json!({"decided_by": "people", "expires_after_seconds": 43_200, "notify": notify});
    let policy = ["approvals", "policy"];
    let read = |notify| Exchange::in_project("GET", "/approval-policy", &shown(notify));
    shows("approvals_policy", 80, &policy, PLAIN, vec![read(told)]);
    shows("approvals_policy_untold", 80, &policy, PLAIN, vec![read(Value::Null)]);
    let change =
        |body: Value, notify| Exchange::in_project("PATCH", "/approval-policy", &shown(notify)).body(body);
    let changed = change(json!({"expires_after_seconds": 43_200}), to);
    run("approvals_policy_change", &[&policy[..], &["--expires-after", "12h"]].concat(), [changed]);
    let nobody = change(json!({"notify": null}), Value::Null);
    run("approvals_policy_nobody", &["approvals", "policy", "--tell-nobody", "--quiet"], [nobody]);
}

const PENDING: &str = "limit=200&status=pending";

#[test]
fn watching_prints_each_pending_approval_once() {
    let refused = || page(PENDING, &[]).refuses(401, "UNAUTHORIZED", "The API key is revoked");
    let script = || {
        [
            page(PENDING, &[numbered(2), numbered(1)]),
            page(PENDING, &[numbered(3), numbered(2)]),
            page(PENDING, &[]).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer"),
            page(PENDING, &[]).hang_up(),
            page(PENDING, &[numbered(4), numbered(3)]),
            refused(),
        ]
    };
    let quick =
        |command: &mut assert_cmd::Command| command.env("RIQ_WAIT_INTERVAL_MS", "0").output().unwrap();
    for (arguments, shown) in [
        (&["approvals", "watch", "--quiet"][..], "apr_0001\napr_0002\napr_0003\napr_0004\n".to_owned()),
        (&["approvals", "watch"], (1..=4).map(|number| format!("{}\n", numbered(number))).collect()),
    ] {
        let api = Api::playing(script());
        let mut command = riq(arguments);
        command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_API_BASE", api.origin());
        let output = quick(&mut command);
        api.finish();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
    }
    let unreachable = page(PENDING, &[]).refuses(503, "SERVICE_UNAVAILABLE", "No database");
    run_with("approvals_watch_not_begun", &["approvals", "watch"], [unreachable], |command| command);
}

#[test]
fn a_line_at_a_terminal_hides_nothing() {
    let quick: Extra<'_> = &[("NO_COLOR", "1"), ("RIQ_WAIT_INTERVAL_MS", "0")];
    let refused = page(PENDING, &[]).refuses(401, "UNAUTHORIZED", "The API key is revoked");
    let api = Api::playing([page(PENDING, &[evil(), approval()]), refused]);
    let (text, status) = end(start(&api, 40, &["approvals", "watch"], quick));
    api.finish();
    assert_eq!(status, 3, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].contains(r#"issue_refund {"charge":"ch_1","amount":500}  by Help desk (key_"#),
        "{text}"
    );
    assert!(lines[0].contains("on behalf of: ada@shop.example  reason: It came broken"), "{text}");
    assert!(lines[1].contains("ok[9000 blanks]; refund all"), "{text}");
    assert!(lines[1].contains(r"\u{202e}\u{e0041}\u{a0}\r\u001b[2J"), "{text}");
    assert!(lines[1].contains(r"by Help\u{ad} desk (key_1)  reason: \u{200b}fine"), "{text}");
}
