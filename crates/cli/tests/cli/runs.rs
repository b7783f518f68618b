//! `runs`: lists them, and shows one.

use serde_json::{Value, json};

use crate::api::Exchange;
use crate::fixtures::{RUN, denied_run, pending_run, refund_run, with};
use crate::golden::{run, run_with};
use crate::terminal::{PLAIN, shows};

/// A page of runs, and where the next one begins.
fn page(query: &str, runs: &[Value], cursor: Option<&str>) -> Exchange {
    let body = json!({"data": runs, "cursor": cursor, "has_more": cursor.is_some()});
    let page = Exchange::in_project("GET", &format!("/action-runs?{query}"), &Value::Null);
    page.answers(200, &body.to_string())
}

fn numbered(number: usize) -> Value {
    with(refund_run(), json!({"id": format!("run_{number:04}")}))
}

#[test]
fn list_prints_the_newest_runs() {
    let newest = || page("limit=50", &[denied_run(), refund_run()], None);
    run("runs_list", &["runs", "list"], [newest()]);
    run("runs_list_quiet", &["runs", "list", "--quiet"], [newest()]);
    run("runs_list_empty", &["runs", "list"], [page("limit=50", &[], None)]);
    shows("runs_list", 120, &["runs", "list"], PLAIN, vec![newest()]);
    shows("runs_list_narrow", 70, &["runs", "list"], PLAIN, vec![newest()]);
    shows("runs_list_empty", 80, &["runs", "list"], PLAIN, vec![page("limit=50", &[], None)]);
    let more = vec![page("limit=1", &[refund_run()], Some(RUN))];
    shows("runs_list_more", 120, &["runs", "list", "--limit", "1"], PLAIN, more);
    let scope = page("limit=50", &[], None).refuses(403, "INSUFFICIENT_SCOPE", "The key lacks actions:read");
    run("runs_list_scope", &["runs", "list"], [scope]);
}

#[test]
fn list_narrows_and_goes_from_page_to_page() {
    let query = "limit=200&provider=stripe%7Eeu&action=issue_refund&status=unknown";
    let script = [
        page(query, &[numbered(3), numbered(2)], Some("run_0002")),
        page(&format!("{query}&cursor=run_0002"), &[numbered(1)], None),
    ];
    #[rustfmt::skip]
    let arguments = [
        "runs", "list", "--provider", "stripe~eu", "--action", "issue_refund", "--status", "unknown", "--all",
        "--quiet",
    ];
    run("runs_list_filtered", &arguments, script);
}

#[test]
fn show_prints_one_run() {
    let one = |data: &Value| Exchange::in_project("GET", &format!("/action-runs/{RUN}"), data);
    let show = ["runs", "show", RUN];
    run("runs_show", &show, [one(&refund_run())]);
    run("runs_show_quiet", &["runs", "get", RUN, "--quiet"], [one(&refund_run())]);
    shows("runs_show", 80, &show, PLAIN, vec![one(&refund_run())]);
    shows("runs_show_denied", 80, &show, PLAIN, vec![one(&denied_run())]);
    let newer = with(refund_run(), json!({"status": "rolled_back", "denied_by": "moon"}));
    shows("newer_runs_show", 80, &show, PLAIN, vec![one(&newer)]);
    let missing = || one(&Value::Null).refuses(404, "RESOURCE_NOT_FOUND", "There is no such run");
    run("runs_show_missing", &show, [missing()]);
    shows("runs_show_missing", 80, &show, PLAIN, vec![missing()]);
}

#[test]
fn show_waits_for_the_end_however_it_is() {
    let asked = |data: &Value| Exchange::in_project("GET", &format!("/action-runs/{RUN}?wait=30"), data);
    let script = [asked(&pending_run()), asked(&denied_run())];
    run_with("runs_show_wait", &["runs", "show", RUN, "--wait"], script, |command| {
        command.env("RIQ_WAIT_INTERVAL_MS", "0")
    });
}
