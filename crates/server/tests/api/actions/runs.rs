//! Runs as the API shows them.

use serde_json::{Value, json};
use time::Duration;

use super::{id, run_id, runs};
use crate::{
    monitor::on_both_stages,
    support::played::{Stage, on_stage},
};

on_both_stages!(a_run_is_shown_to_its_own_project_alone, runs_are_listed_by_what_is_asked_for);

async fn a_run_is_shown_to_its_own_project_alone(stage: &Stage) {
    stage.open_desk(json!({})).await;
    let server = &stage.server;
    let run = id(&stage.call("find_tickets", json!({"word": "a"})).await);
    let (_, foreign, key) = server.other_organization().await;
    let other = server.other_project().await;
    let at = |project: String, run: &str| format!("/api/v1/projects/{project}/action-runs/{run}");
    let elsewhere = server.call("GET", &at(other.to_string(), &run)).send().await;
    let unknown = server.call("GET", &at(other.to_string(), "run_00000000000000000000000001")).send().await;
    assert_eq!(elsewhere.refused(404, "RESOURCE_NOT_FOUND").message(), unknown.message());
    for odd in ["run_x", "%ff", "x", &run.to_uppercase()] {
        server
            .call("GET", &at(server.project.to_string(), odd))
            .send()
            .await
            .refused(404, "RESOURCE_NOT_FOUND");
    }
    let theirs = server.call_as(&key.text, "GET", &at(foreign.to_string(), &run)).send().await;
    theirs.refused(404, "RESOURCE_NOT_FOUND");
    let foreign = server.call_as(&key.text, "GET", &at(server.project.to_string(), &run)).send().await;
    foreign.refused(403, "API_KEY_PROJECT_MISMATCH");
    let list = server.call("GET", at(other.to_string(), "").trim_end_matches('/')).send().await;
    assert_eq!(*list.data(), json!([]));
}

async fn runs_are_listed_by_what_is_asked_for(stage: &Stage) {
    stage.open_desk(json!({})).await;
    let server = &stage.server;
    let first = id(&stage.call("find_tickets", json!({"word": "a"})).await);
    server.clock.advance(Duration::hours(1));
    let second = id(&stage.call("find_tickets", json!({"word": "b"})).await);
    server.clock.advance(Duration::seconds(1));
    let denied = run_id(&stage.call("close_ticket", json!({"ticket": "t1"})).await);
    let list = async |query: &str| {
        let answer = server.call("GET", &runs(server, query)).send().await;
        let ids = answer.data().as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|run| run["id"].as_str().unwrap().to_owned()).collect();
        (ids, answer.body["cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, (vec![denied.clone(), second.clone(), first.clone()], None));
    let results = async || {
        let listed = server.call("GET", &runs(server, "?status=succeeded")).send().await;
        listed.data().as_array().unwrap().iter().map(|run| run["result"].clone()).collect::<Vec<_>>()
    };
    assert!(results().await.iter().all(Value::is_object));
    // A long one is shown with its run alone.
    let long = json!({"word": "ä".repeat(8 * 1024)}).to_string();
    server
        .sql
        .execute("UPDATE action_runs SET result = $1 WHERE id = $2", [long.into(), first.as_str().into()])
        .await;
    assert_eq!(results().await[1], Value::Null);
    assert!(stage.run(&first).await["result"]["word"].is_string());
    assert_eq!(list("?status=denied").await.0, std::slice::from_ref(&denied));
    assert_eq!(list("?action=find_tickets&provider=desk").await.0, [second.clone(), first.clone()]);
    assert_eq!(list("?provider=keys").await.0, [""; 0]);
    assert_eq!(list("?since=2026-03-01T10:30:00Z").await.0, [denied.clone(), second.clone()]);
    let (page, cursor) = list("?limit=2").await;
    assert_eq!(page, [denied, second]);
    assert_eq!(list(&format!("?limit=2&cursor={}", cursor.unwrap())).await, (vec![first], None));
}
