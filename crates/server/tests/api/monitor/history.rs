//! What an integration's health was: kept as changes, shown as days, and forgotten.

use integrations_core::health_history::KEPT;
use riq_testing::providers::desk_and_keys::Says;
use serde_json::{Value, json};
use time::Duration;

use super::{Stage, on_stage};
use crate::{dashboard::visitor::Visitor, support::clock::START};

on_both_stages!(
    changes_of_health_are_kept_with_the_change_and_shown_as_days,
    what_stays_as_it_is_leaves_no_trace,
    old_changes_are_forgotten_but_for_the_last_before,
);

impl Stage {
    /// The kept changes of health, oldest first.
    async fn changes(&self) -> Vec<Value> {
        let sql = "SELECT health FROM health_changes ORDER BY version";
        self.server.sql.rows(sql, []).await.into_iter().map(|row| row["health"].clone()).collect()
    }

    async fn check_as(&self, says: Says) {
        self.provider.set("keys probe", says);
        self.check("keys").await.data();
    }
}

async fn changes_of_health_are_kept_with_the_change_and_shown_as_days(stage: &Stage) {
    stage.connect_keys().await;
    stage.check_as(Says::Truth).await;
    stage.server.clock.advance(Duration::days(1));
    stage.check_as(Says::This(500, vec![], "")).await;
    stage.server.clock.advance(Duration::hours(3));
    stage.check_as(Says::This(401, vec![], "")).await;
    stage.server.clock.advance(Duration::minutes(20));
    stage.check_as(Says::Truth).await;
    stage.server.clock.advance(Duration::days(1));
    let visitor = Visitor::signed_in(&stage.server).await;
    let page = visitor.provider("keys").await;
    page.says(200, "Unhealthy on 1 day.");
    page.says(200, "3 March: healthy for 13 hours");
    page.says(200, "2 March: unhealthy for 20 minutes, degraded for 3 hours");
    page.says(200, "1 March: healthy for 14 hours");
    page.says(200, "28 February: no data");
    assert!(page.text.contains("class=\"bad\" title=\"2 March: unhealthy"), "{page:?}");

    let answer = stage.server.get("/keys/health-history").await;
    let days = answer.data().as_array().unwrap();
    assert_eq!((days.len(), &days[26]["health"]), (30, &Value::Null), "before it was connected");
    let expected = json!({
        "date": "2026-03-02", "health": "unhealthy", "healthy_seconds": 20 * 3600 + 40 * 60,
        "degraded_seconds": 3 * 3600, "unhealthy_seconds": 20 * 60,
    });
    assert_eq!(days[28], expected);
    stage.server.get("/desk/health-history").await.refused(404, "INTEGRATION_NOT_FOUND");
    stage.server.get("/nobody/health-history").await.refused(404, "PROVIDER_NOT_FOUND");

    stage.server.delete("keys").await.data();
    let expected = ["unknown", "healthy", "degraded", "unhealthy", "healthy", "unknown"];
    assert_eq!(stage.changes().await, expected);
    stage.server.clock.advance(Duration::days(2));
    let visitor = Visitor::signed_in(&stage.server).await;
    let page = visitor.provider("keys").await;
    page.says(200, "Disconnected").says(200, "4 March: not checked all day").says(200, "2 March: unhealthy");
    // It is not there for others, and nothing that is not connected has a history.
    assert!(!visitor.provider("desk").await.text.contains("class=\"days\""));
    let (_, _, key) = stage.server.other_organization().await;
    let other = Visitor::signed_in_with(&stage.server, &key.text).await;
    assert_eq!(other.provider("keys").await.status, 403);
}

async fn what_stays_as_it_is_leaves_no_trace(stage: &Stage) {
    stage.connect_keys().await;
    stage.check_as(Says::Truth).await;
    for _ in 0..3 {
        stage.server.clock.advance(Duration::minutes(15));
        stage.check_as(Says::Truth).await;
    }
    stage.server.patch("keys", json!({"status": "paused", "display_name": "Ours"})).await.data();
    stage.server.patch("keys", json!({"status": "active"})).await.data();
    stage.server.patch("keys", json!({"status": "sideways"})).await.refused(400, "BAD_REQUEST");
    assert_eq!(stage.changes().await, ["unknown", "healthy"]);
    // What was installed before changes were kept has its present health, since when it was changed last.
    stage.server.sql.execute("DELETE FROM health_changes", []).await;
    let page = Visitor::signed_in(&stage.server).await.provider("keys").await;
    page.says(200, "Nothing is known about the last days.");
}

async fn old_changes_are_forgotten_but_for_the_last_before(stage: &Stage) {
    stage.connect_keys().await;
    for _ in 0..3 {
        stage.check_as(Says::This(500, vec![], "")).await;
        stage.server.clock.advance(Duration::minutes(1));
        stage.check_as(Says::Truth).await;
        stage.server.clock.advance(Duration::days(1));
    }
    assert_eq!(stage.changes().await.len(), 7);
    let store = &stage.server.store;
    // The moment of the last change, two days and three minutes after the first.
    let before = START + Duration::days(2) + Duration::minutes(3);
    assert_eq!(store.prune_health_changes(before, 3).await.unwrap(), 3, "no more than asked for");
    assert_eq!(store.prune_health_changes(before, 3).await.unwrap(), 2);
    assert_eq!(store.prune_health_changes(before, 3).await.unwrap(), 0);
    assert_eq!(stage.changes().await, ["degraded", "healthy"]);
    // What has been well for long still is.
    stage.server.clock.advance(KEPT * 2);
    assert_eq!(store.prune_health_changes(START + KEPT * 2, 100).await.unwrap(), 1);
    assert_eq!(stage.changes().await, ["healthy"]);
    let page = Visitor::signed_in(&stage.server).await.provider("keys").await;
    page.says(200, "No trouble on 30 days.");
}
