//! Old runs of actions are removed: in steps, by the server, and by the operator.

use integrations_core::{
    action::RunStatus,
    audit::AuditAction,
    ids::{IntegrationId, RunId},
};
use riq_server::{
    jobs::{Job as _, RunRetention},
    store::{NewAuditEvent, NewRun},
};
use serde_json::json;
use time::Duration;

use super::{amount_of, call, end, five_runs, reserved, send};
use crate::support::{Server, process::run as run_program};

on_both!(
    old_runs_are_removed_when_they_are_finished,
    a_run_that_waited_long_stays_as_long_as_it_counts,
    the_server_removes_runs_that_are_older_than_their_retention,
    the_operator_removes_old_runs,
);

async fn left(server: &Server) -> Vec<String> {
    let rows = server.sql.rows("SELECT id FROM action_runs ORDER BY id", []).await;
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn old_runs_are_removed_when_they_are_finished(server: &Server) {
    let ids = five_runs(server).await;
    let event = |organization| {
        let event = server.event(IntegrationId::from_bits(1), "stripe");
        let id = server.app.services.environment.id();
        NewAuditEvent { id, organization, action: AuditAction::ActionRunsPruned, ..event }
    };
    let mut pruning = server.store.prune_runs(server.app.services.environment.now(), 2);
    assert_eq!(pruning.count().await.unwrap(), 3);
    let mut steps = Vec::new();
    while let Some(removed) = pruning.step(event).await.unwrap() {
        steps.push(removed);
    }
    assert_eq!((steps, left(server).await), (vec![2, 1], vec![ids[1].to_string(), ids[4].to_string()]));
    assert_eq!(reserved(server, "ch_1").await, 10, "what they count goes with them");
    let told = "SELECT COUNT(*) FROM audit_events WHERE action = 'action_runs.pruned'";
    assert_eq!(server.sql.count(told, []).await, 1);
}

async fn a_run_that_waited_long_stays_as_long_as_it_counts(server: &Server) {
    server.install("stripe").await;
    let id = RunId::from_bits(1);
    let attempt = send(server, NewRun { id, ..call(server) }, vec![amount_of("ch_1", 5)]).await;
    let environment = &server.app.services.environment;
    let sent = environment.now();
    assert!(server.store.finish_run(id, attempt, end(server, RunStatus::Succeeded), None).await.unwrap());
    assert_eq!(server.store.prune_runs(sent, 2).count().await.unwrap(), 0, "it counts from its sending");
    server.clock.advance(Duration::seconds(1));
    assert_eq!(server.store.prune_runs(environment.now(), 2).count().await.unwrap(), 1);
}

async fn the_server_removes_runs_that_are_older_than_their_retention(server: &Server) {
    let ids = five_runs(server).await;
    let newest = ids[4].to_string();
    let environment = server.app.services.environment.clone();
    let keep = std::time::Duration::from_hours(31 * 24);
    let mut job = RunRetention { store: server.store.clone(), environment, keep };
    job.round().await.unwrap();
    assert_eq!(left(server).await, [ids[1].to_string(), newest.clone()], "what is not finished stays");
    server.clock.advance(Duration::days(31));
    job.round().await.unwrap();
    assert_eq!(left(server).await.last(), Some(&newest), "it is as old as it may become");
    server.clock.advance(Duration::seconds(1));
    job.round().await.unwrap();
    assert_eq!(left(server).await, [ids[1].to_string()]);
    let told = server.sql.rows("SELECT * FROM audit_events WHERE action = 'action_runs.pruned'", []).await;
    assert_eq!((told.len(), &told[0]["actor_kind"]), (2, &json!("system")));
    assert!(told[0]["changes"].as_str().unwrap().contains("runs_before"));
}

async fn the_operator_removes_old_runs(server: &Server) {
    let ids = five_runs(server).await;
    let environment = [("DATABASE_URL", server.database.url.as_str())];
    let prune = async |arguments: &[&str]| {
        run_program(&[&["admin", "runs", "prune", "--older-than"], arguments].concat(), &environment).await
    };
    prune(&["30d", "--yes"]).await.failed_with("at least 31d");
    let would = prune(&["20000d", "--dry-run"]).await;
    assert!(would.stdout_of_success().starts_with("Would remove 3 runs from before 19"), "{would:?}");
    prune(&["20000d"]).await.failed_with("this needs --yes");
    assert_eq!(left(server).await.len(), 5, "nothing was removed");
    let pruned = prune(&["20000d", "--yes", "--json"]).await.json();
    assert_eq!((&pruned["runs"], &pruned["dry_run"]), (&json!(3), &json!(false)));
    assert_eq!(left(server).await, [ids[1].to_string(), ids[4].to_string()]);
    let told = server.sql.rows("SELECT * FROM audit_events WHERE action = 'action_runs.pruned'", []).await;
    assert_eq!((told.len(), &told[0]["actor_kind"]), (1, &json!("operator")));
    assert!(told[0]["changes"].as_str().unwrap().contains("runs_before"));
}
