//! What must be true of runs, approvals, limits and the audit log, whatever was killed.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{ASKING, LIMIT, Scene};
use crate::{
    resolving::PAY,
    support::{database::Sql, process::Process, server::client},
};

const NOTE: &str = "POST /api/notes";

/// A run as it is stored.
struct Run {
    id: String,
    provider: String,
    action: String,
    status: String,
    denied_by: Option<String>,
    input: Value,
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap_or_else(|| panic!("{column}: {row}")).to_owned()
}

/// Asserts that the runs say what the provider knows, and nothing else is said. Returns whether a run was cut off while
/// it was sent.
pub(super) async fn assert_true(
    scene: &Scene<'_>,
    sql: &Sql,
    replica: &Process,
    done: &HashSet<String>,
) -> bool {
    let rows = sql.rows("SELECT id, provider, action, status, denied_by, input FROM action_runs", []).await;
    let runs: Vec<Run> = rows
        .iter()
        .map(|row| Run {
            id: text(row, "id"),
            provider: text(row, "provider"),
            action: text(row, "action"),
            status: text(row, "status"),
            denied_by: row["denied_by"].as_str().map(str::to_owned),
            input: serde_json::from_str(&text(row, "input")).unwrap(),
        })
        .collect();
    let made = payments_are_true(scene, sql, &runs).await;
    let unknown = notes_are_true(scene, &runs);
    assert_eq!(listed_as_unknown(scene, replica).await, unknown, "what cannot be found out is listed");
    for run in runs.iter().filter(|run| done.contains(&run.id)) {
        assert_eq!(run.status, "succeeded", "{} was said to be done", run.id);
    }
    approvals_are_true(sql, &runs, &made).await;
    events_are_true(sql, &runs).await
}

/// Returns the runs whose payments were made.
async fn payments_are_true(scene: &Scene<'_>, sql: &Sql, runs: &[Run]) -> HashSet<String> {
    let payments = scene.ledger.payments();
    assert_eq!(payments.len(), scene.ledger.asked(PAY), "everything that arrived was done");
    let made: HashSet<String> = payments.iter().map(|payment| payment.reference.clone()).collect();
    assert_eq!(made.len(), payments.len(), "no call was made twice");
    let mut paid: HashMap<&str, u64> = HashMap::new();
    for payment in &payments {
        *paid.entry(&payment.account).or_default() += payment.amount;
    }
    assert!(paid.values().all(|amount| *amount <= LIMIT), "{paid:?}");
    let pays: Vec<&Run> = runs.iter().filter(|run| run.action == "pay").collect();
    for run in &pays {
        let expected =
            if made.contains(&run.id) { &["succeeded"][..] } else { &["failed", "denied", "expired"] };
        assert!(expected.contains(&run.status.as_str()), "{} is {}", run.id, run.status);
    }
    let ids: HashSet<&str> = pays.iter().map(|run| run.id.as_str()).collect();
    assert!(made.iter().all(|id| ids.contains(id.as_str())), "what was made is on record");
    let reserved = sql.rows("SELECT run_id FROM action_reservations", []).await;
    let reserved: HashSet<String> = reserved.iter().map(|row| text(row, "run_id")).collect();
    assert_eq!(reserved, made, "what was done counts, and nothing else");
    made
}

/// Returns the runs of which nobody knows whether their notes were written.
fn notes_are_true(scene: &Scene<'_>, runs: &[Run]) -> HashSet<String> {
    let notes = scene.ledger.notes();
    let written: HashSet<&str> = notes.iter().map(String::as_str).collect();
    assert_eq!(
        (written.len(), notes.len()),
        (notes.len(), scene.ledger.asked(NOTE)),
        "no note was written twice"
    );
    let mut unknown = HashSet::new();
    for run in runs.iter().filter(|run| run.action == "note") {
        let is_written = written.contains(run.input["text"].as_str().unwrap());
        match run.status.as_str() {
            "unknown" => drop(unknown.insert(run.id.clone())),
            "succeeded" => assert!(is_written, "{} succeeded", run.id),
            other => assert!(other == "failed" && !is_written, "{} is {other}", run.id),
        }
    }
    unknown
}

/// What the API lists as unknown, page by page.
async fn listed_as_unknown(scene: &Scene<'_>, replica: &Process) -> HashSet<String> {
    let url = format!("http://{}/api/v1/projects/{}/action-runs", replica.address, scene.project);
    let (mut found, mut cursor) = (HashSet::new(), String::new());
    loop {
        let request =
            client().get(format!("{url}?status=unknown{cursor}")).header("x-api-key", &scene.keys.admin);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        found.extend(page["data"].as_array().unwrap().iter().map(|run| text(run, "id")));
        let Some(next) = page["cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

/// What was sent was approved once, and what was approved was sent.
async fn approvals_are_true(sql: &Sql, runs: &[Run], made: &HashSet<String>) {
    let mut decided: HashMap<String, Vec<String>> = HashMap::new();
    for row in sql.rows("SELECT run_id, status FROM approvals", []).await {
        decided.entry(text(&row, "run_id")).or_default().push(text(&row, "status"));
    }
    for run in runs.iter().filter(|run| run.provider == ASKING && run.action == "pay") {
        let found = decided.remove(&run.id).unwrap_or_default();
        let expected = match (run.status.as_str(), run.denied_by.as_deref()) {
            ("succeeded" | "failed", _) => &["approved"][..],
            ("denied", Some("person")) => &["denied"],
            ("denied", _) => &[],
            (status, _) => &[status],
        };
        assert_eq!(found, expected, "{} is {}", run.id, run.status);
        assert!(run.status == "succeeded" || !made.contains(&run.id));
    }
    assert!(decided.is_empty(), "{decided:?}");
}

/// Each end is in the audit log once, and so is each approval. Returns whether the end of a run was not known at first.
async fn events_are_true(sql: &Sql, runs: &[Run]) -> bool {
    let events = "SELECT action, changes FROM audit_events WHERE action LIKE 'integration.action.%'";
    let (mut told, mut approved): (HashMap<String, Vec<String>>, HashMap<String, usize>) = Default::default();
    for event in sql.rows(events, []).await {
        let changes: Vec<Value> = serde_json::from_str(&text(&event, "changes")).unwrap();
        let to = |path: &str| text(changes.iter().find(|change| change["path"] == path).unwrap(), "to");
        if event["action"] == "integration.action.approved" {
            *approved.entry(to("run")).or_default() += 1;
        } else {
            told.entry(to("run")).or_default().push(to("status"));
        }
    }
    for Run { id, status, provider, action, .. } in runs {
        let ends = told.get(id).map_or(0, |told| told.iter().filter(|one| *one == status).count());
        assert_eq!(ends, 1, "{id} is {status}: {:?}", told.get(id));
        let was_approved =
            provider == ASKING && action == "pay" && matches!(status.as_str(), "succeeded" | "failed");
        assert_eq!(approved.get(id).copied().unwrap_or(0), usize::from(was_approved), "{id} is {status}");
    }
    told.values().flatten().any(|status| status == "unknown")
}
