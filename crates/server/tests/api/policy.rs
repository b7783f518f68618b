//! What would be decided of a call, and what other settings and permissions would have made of past calls.

use integrations_core::{principal::Principal, role::Role};
use riq_server::{services::actions::Decision, store::Tenant};
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
    what_would_be_decided_is_explained_and_nothing_is_stored_or_sent,
    a_call_that_is_denied_anyway_is_explained_without_asking_the_provider,
    the_same_call_that_waits_or_was_denied_decides,
    what_cannot_be_called_cannot_be_explained,
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

    async fn explain(&self, input: Value) -> Answer {
        let target = self.server.at("/desk/actions/issue_refund/explain");
        self.server.call("POST", &target).json(&json!({"input": input})).send().await
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

/// The decision, its reasons, and the check of the sum.
fn told(answer: &Answer) -> (Value, Value, Value) {
    let data = answer.data();
    let sum = data["checks"].as_array().unwrap().iter().find(|check| !check["within_seconds"].is_null());
    (data["decision"].clone(), data["reasons"].clone(), sum.cloned().unwrap_or_default())
}

async fn what_would_be_decided_is_explained_and_nothing_is_stored_or_sent(stage: &Stage) {
    stage.refund().await;
    let before = stage.server.sql.picture().await;
    let well = stage.explain(json!({"charge": "ch_1", "amount": 100})).await;
    let (decision, reasons, sum) = told(&well);
    assert_eq!((decision, reasons), (json!("allow"), json!([])), "{well:?}");
    assert_eq!(
        (&sum["value"], &sum["used"], &sum["limit"], &sum["within_seconds"], &sum["setting"]),
        (&json!("1.00 USD"), &json!("9.00 USD"), &json!("10.00 USD"), &json!(86_400), &json!("refund_limit"))
    );
    assert_eq!(well.data()["evidence"]["currency"], "usd");
    assert_eq!(well.data()["provider_asked"], true);
    let over = stage.explain(json!({"charge": "ch_1", "amount": 101})).await;
    let (decision, reasons, sum) = told(&over);
    assert_eq!((&decision, &sum["decision"]), (&json!("deny"), &json!("deny")), "{over:?}");
    assert_eq!(reasons, json!(["With 1.01 USD more, the sum would be over 10.00 USD"]));
    // What is left is worked out, as for the call.
    let rest = stage.explain(json!({"charge": "ch_1"})).await;
    assert!(rest.data()["input"]["amount"].is_u64(), "{rest:?}");
    assert_eq!(stage.server.sql.picture().await, before);
    assert_eq!(stage.provider.calls("desk refund").len(), 2);

    stage.server.patch("desk", json!({"action_permissions": {"issue_refund": "ask"}})).await.data();
    let asked = stage.explain(json!({"charge": "ch_1", "amount": 100})).await;
    assert_eq!(told(&asked).0, "ask", "{asked:?}");
    assert!(told(&asked).1[0].as_str().unwrap().contains("A person approves each"), "{asked:?}");
}

async fn a_call_that_is_denied_anyway_is_explained_without_asking_the_provider(stage: &Stage) {
    stage.refund().await;
    let reads = stage.provider.calls("desk charge").len();
    stage.server.patch("desk", json!({"action_permissions": {"issue_refund": false}})).await.data();
    let off = stage.explain(json!({"charge": "ch_1", "amount": 100})).await;
    let (decision, reasons, sum) = told(&off);
    assert_eq!((&decision, &sum["decision"]), (&json!("deny"), &Value::Null), "{off:?}");
    assert_eq!(reasons, json!(["“Issue a refund” is not permitted"]));
    let permitted = json!({"action_permissions": {"issue_refund": true}, "status": "paused"});
    stage.server.patch("desk", permitted).await.data();
    let paused = stage.explain(json!({"charge": "ch_1", "amount": 100})).await;
    assert_eq!(told(&paused).1, json!(["The integration is not active"]), "{paused:?}");
    assert_eq!(
        (&paused.data()["checks"][0]["value"], &paused.data()["evidence"]),
        (&json!("paused"), &json!({}))
    );
    assert_eq!(stage.provider.calls("desk charge").len(), reads);
}

async fn the_same_call_that_waits_or_was_denied_decides(stage: &Stage) {
    stage.refund().await;
    stage.server.patch("desk", json!({"action_permissions": {"issue_refund": "ask"}})).await.data();
    let input = json!({"charge": "ch_1", "amount": 50});
    let target = stage.server.at("/desk/actions/issue_refund");
    let waiting = stage.server.call("POST", &target).json(&json!({"input": input})).send().await;
    let run = waiting.data()["id"].clone();
    let asked = stage.explain(input.clone()).await;
    assert_eq!((told(&asked).0, &asked.data()["same_run_id"]), (json!("ask"), &run), "{asked:?}");
    let other = stage.explain(json!({"charge": "ch_1", "amount": 51})).await;
    let (_, reasons, _) = told(&other);
    assert_eq!(other.data()["same_run_id"], Value::Null);
    let words = reasons[0].as_str().unwrap();
    assert!(
        words.contains("only reserved by what waits for a person") && words.contains(run.as_str().unwrap())
    );
    let decision = Decision {
        tenant: Tenant { organization: stage.server.organization, project: stage.server.project },
        approval: waiting.data()["approval_id"].as_str().unwrap().parse().unwrap(),
        by: Principal::User(stage.server.person(Role::Approver).await),
        note: Some("Not this customer".to_owned()),
        request_id: None,
        remembered: None,
    };
    stage.server.app.services.actions.deny(decision).await.unwrap();
    let denied = stage.explain(input).await;
    assert_eq!((told(&denied).0, &denied.data()["same_run_id"]), (json!("deny"), &run), "{denied:?}");
    let words = told(&denied).1[0].as_str().unwrap().to_owned();
    assert!(words.starts_with("A person denied it: Not this customer"), "{words}");
}

async fn what_cannot_be_called_cannot_be_explained(stage: &Stage) {
    let input = json!({"charge": "ch_1", "amount": 100});
    stage.explain(input.clone()).await.refused(404, "INTEGRATION_NOT_FOUND");
    stage.refund().await;
    let issues =
        stage.explain(json!({"charge": "x", "amount": "1"})).await.refused(400, "BAD_REQUEST").issues();
    assert_eq!(issues.len(), 2, "{issues:?}");
    stage.explain(json!({"charge": "ch_404"})).await.refused(422, "PROVIDER_REFUSED");
    let sing = stage.server.at("/desk/actions/sing/explain");
    let answer = stage.server.call("POST", &sing).json(&json!({"input": {}})).send().await;
    answer.refused(404, "ACTION_NOT_FOUND");
    let reader = stage.server.key_for(&["actions:read"]).await;
    let target = stage.server.at("/desk/actions/issue_refund/explain");
    let reads = stage.provider.calls("desk charge").len();
    let refused =
        stage.server.call_as(&reader.text, "POST", &target).json(&json!({"input": input})).send().await;
    refused.refused(403, "INSUFFICIENT_SCOPE");
    assert_eq!(stage.provider.calls("desk charge").len(), reads);
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
