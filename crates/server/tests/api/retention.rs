//! Removing old events from the audit log.

use integrations_core::audit::{Actor, AuditAction};
use riq_server::{environment::Environment, store::NewAuditEvent};
use serde_json::json;
use time::Duration;

use crate::support::{
    Server, TestDatabase,
    clock::START,
    process::{Finished, run},
};

on_both!(events_are_removed_batch_by_batch_and_it_is_recorded_once);

on_both_databases!(the_operator_prunes_the_log);

/// The recorded actions, oldest first.
async fn actions(server: &Server) -> Vec<String> {
    let rows = server.sql.rows("SELECT action FROM audit_events ORDER BY id", []).await;
    rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

async fn events_are_removed_batch_by_batch_and_it_is_recorded_once(server: &Server) {
    let (other, _, _) = server.other_organization().await;
    server.install("slack").await;
    server.clock.advance(Duration::days(10));
    for sidebar in [true, false, true] {
        server.clock.advance(Duration::seconds(1));
        server.patch("slack", json!({"sidebar_enabled": sidebar})).await.data();
    }
    server.clock.advance(Duration::days(10));
    server.patch("slack", json!({"status": "paused"})).await.data();
    server.clock.advance(Duration::seconds(1));

    let environment = Environment::system().with_clock(server.clock.clone());
    let event = |organization| NewAuditEvent {
        id: environment.id(),
        organization,
        project: None,
        integration: None,
        action: AuditAction::AuditPruned,
        actor: Actor::Operator,
        request_id: None,
        changes: Vec::new(),
        at: environment.now(),
    };
    // The second of the three PATCHes is the first event that stays. Older ones are removed: three events of each new
    // organization, the installation, and the first PATCH.
    let before = START + Duration::days(10) + Duration::seconds(2);
    let mut pruning = server.store.prune_audit(before, 3);
    assert_eq!(pruning.count().await.unwrap(), 8);
    let mut steps = Vec::new();
    while let Some(removed) = pruning.step(event).await.unwrap() {
        steps.push(removed);
    }
    assert_eq!(steps, [3, 3, 2]);
    assert_eq!(pruning.count().await.unwrap(), 0);
    let changed = "integration.lifecycle.updated";
    assert_eq!(actions(server).await, [changed, changed, changed, "audit.pruned", "audit.pruned"]);
    let sql =
        "SELECT organization_id FROM audit_events WHERE action = 'audit.pruned' ORDER BY organization_id";
    let mut told = [server.organization, other].map(|id| json!({"organization_id": id.to_string()}));
    told.sort_by_key(ToString::to_string);
    assert_eq!(server.sql.rows(sql, []).await, told);

    // Nothing is left to remove, and nothing more is recorded.
    let mut again = server.store.prune_audit(before, u32::MAX);
    assert_eq!(again.step(event).await.unwrap(), None);
    assert_eq!(actions(server).await.len(), 5);
}

async fn prune(database: &TestDatabase, arguments: &[&str]) -> Finished {
    let environment = [("DATABASE_URL", database.url.as_str())];
    run(&[&["admin", "audit", "prune"], arguments].concat(), &environment).await
}

async fn the_operator_prunes_the_log(database: &TestDatabase) {
    let environment = [("DATABASE_URL", database.url.as_str())];
    assert!(run(&["migrate"], &environment).await.success);
    let created = run(&["admin", "org", "create", "--name", "Acme"], &environment).await;
    created.stdout_of_success();
    let sql = database.open().await;
    // The event looks old because its id contains an old time.
    let aged = "INSERT INTO audit_events (id, organization_id, action, actor_kind, changes, created_at) \
                SELECT 'evt_00' || substr(id, 7), organization_id, action, actor_kind, changes, created_at \
                FROM audit_events";
    let id = sql.rows("SELECT id FROM audit_events", []).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(sql.execute(&aged.replace("evt_", &id[..4]), []).await, 1);
    let count = async || sql.count("SELECT COUNT(*) FROM audit_events", []).await;

    for (given, reason) in [
        ("23h", "at least 1d"),
        ("0s", "at least 1d"),
        ("soon", "expected a time such as"),
        ("9000000y", "--older-than"),
    ] {
        let failed = prune(database, &["--older-than", given]).await;
        failed.failed_with(reason);
    }
    prune(database, &[]).await.failed_with("--older-than");
    assert_eq!(count().await, 2, "nothing was removed");

    let would = prune(database, &["--older-than", "400d", "--dry-run"]).await;
    assert!(would.stdout_of_success().starts_with("Would remove 1 events from before 20"), "{would:?}");
    assert_eq!(count().await, 2, "nothing was removed");
    let unconfirmed = prune(database, &["--older-than", "400d"]).await;
    unconfirmed.failed_with("this needs --yes");
    assert_eq!(count().await, 2, "nothing was removed");
    let pruned = prune(database, &["--older-than", "400d", "--yes", "--json"]).await.json();
    assert_eq!((&pruned["events"], &pruned["dry_run"]), (&json!(1), &json!(false)));
    let rows = sql.rows("SELECT action, actor_kind, changes FROM audit_events ORDER BY id", []).await;
    let told: Vec<&str> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["organization.created", "audit.pruned"]);
    assert_eq!(rows[1]["actor_kind"], "operator");
    assert!(rows[1]["changes"].as_str().unwrap().contains("events_before"));
    let again = prune(database, &["--older-than", "400d", "-y"]).await;
    assert!(again.stdout_of_success().starts_with("Removed 0 events"), "{again:?}");
}
