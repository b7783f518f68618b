//! What other settings and permissions would have made of past calls.

use riq_testing::providers::desk_and_keys::{access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    monitor::on_both_stages,
    support::{
        Answer,
        played::{Stage, on_stage},
    },
};

on_both_stages!(
    past_calls_are_decided_again_and_nothing_is_changed,
    everything_wrong_with_a_replay_is_told,
    a_replay_looks_at_its_own_project_alone,
);

impl Stage {
    /// Connects Desk with refunds up to 10.00 a day for a charge, and pays back 6.00 and 3.00. 2.00 more are denied.
    async fn refund(&self) {
        let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
        let line = json!({"provider": "desk", "credential": credential}).to_string();
        self.server.import(self.server.project, &line).await;
        let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
        let update = json!({"action_permissions": {"issue_refund": true}, "settings": settings});
        self.server.patch("desk", update).await.data();
        for (amount, status) in [(600, 200), (300, 200), (200, 403)] {
            let call = json!({"input": {"charge": "ch_1", "amount": amount}});
            let target = self.server.at("/desk/actions/issue_refund");
            let answer = self.server.call("POST", &target).json(&call).send().await;
            assert_eq!(answer.status, status, "{answer:?}");
            // Ids of the same moment have no order.
            self.server.clock.advance(Duration::seconds(1));
        }
    }

    async fn replay(&self, body: Value) -> Answer {
        self.server.call("POST", &self.server.at("/desk/policy/replay")).json(&body).send().await
    }

    /// How the refunds would have been decided otherwise, newest first, with the amount of each.
    async fn otherwise(&self, body: Value) -> Vec<Value> {
        let answer = self.replay(body).await;
        assert_eq!((&answer.data()["decided"], &answer.data()["left_out"]), (&json!(3), &json!(0)));
        let mut told = Vec::new();
        for run in answer.data()["otherwise"].as_array().unwrap() {
            let id = run["run_id"].as_str().unwrap();
            let target = format!("/api/v1/projects/{}/action-runs/{id}", self.server.project);
            let shown = self.server.call("GET", &target).send().await;
            told.push(json!([shown.data()["input"]["amount"], run["was"], run["would_be"]]));
        }
        told
    }
}

async fn past_calls_are_decided_again_and_nothing_is_changed(stage: &Stage) {
    stage.refund().await;
    let before = stage.server.get("/desk").await.data().clone();
    assert_eq!(stage.otherwise(json!({})).await, [json!(null); 0]);
    // The first is over this limit, so it counts no more, and the others are below it together.
    let lower = json!({"settings": {"refund_limit": 500}});
    assert_eq!(stage.otherwise(lower).await, [json!([200, "deny", "allow"]), json!([600, "allow", "deny"])]);
    let higher = json!({"settings": {"refund_limit": 5_000}});
    assert_eq!(stage.otherwise(higher).await, [json!([200, "deny", "allow"])]);
    let asking = json!({"action_permissions": {"issue_refund": "ask"}});
    let asked = [json!([300, "allow", "ask"]), json!([600, "allow", "ask"])];
    assert_eq!(stage.otherwise(asking).await, asked);
    let off = stage.replay(json!({"action_permissions": {"issue_refund": false}})).await;
    let reasons = &off.data()["otherwise"][0]["reasons"];
    assert!(reasons[0].as_str().unwrap().contains("is not permitted"), "{off:?}");
    assert_eq!(stage.server.get("/desk").await.data(), &before);
    assert_eq!(stage.provider.calls("desk refund").len(), 2);
}

async fn everything_wrong_with_a_replay_is_told(stage: &Stage) {
    stage.replay(json!({})).await.refused(404, "INTEGRATION_NOT_FOUND");
    stage.refund().await;
    let body = json!({
        "since": "yesterday",
        "settings": {"refund_limit": "much"},
        "action_permissions": {"issue_refund": "maybe", "teleport": true},
        "until": null
    });
    let mut issues = stage.replay(body).await.refused(400, "BAD_REQUEST").issues();
    issues.sort();
    let paths: Vec<&str> = issues.iter().map(|issue| issue.split(": ").next().unwrap()).collect();
    let expected = [
        "action_permissions.issue_refund",
        "action_permissions.teleport",
        "settings.refund_limit",
        "since",
        "until",
    ];
    assert_eq!(paths, expected, "{issues:?}");
    let later = stage.replay(json!({"since": "2999-01-01T00:00:00Z"})).await;
    assert_eq!(later.data()["decided"], 0);
}

async fn a_replay_looks_at_its_own_project_alone(stage: &Stage) {
    stage.refund().await;
    let other = stage.server.other_project().await;
    let target = format!("/api/v1/projects/{other}/integrations/desk/policy/replay");
    let answer = stage.server.call("POST", &target).json(&json!({})).send().await;
    answer.refused(404, "INTEGRATION_NOT_FOUND");
}
