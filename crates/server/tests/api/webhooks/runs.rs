//! What is told of runs of actions and of approvals.

use riq_testing::providers::desk_and_keys::{access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Backend,
    played::{Stage, on_stage_with_receivers},
    receiver::Receiver,
};

mod runs_and_approvals_are_told_without_what_they_hold {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        on_stage_with_receivers(Backend::Sqlite, told).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        on_stage_with_receivers(Backend::Postgres, told).await;
    }
}

async fn call(stage: &Stage, action: &str, input: Value) -> crate::support::Answer {
    stage.server.clock.advance(Duration::seconds(1));
    let body = json!({"input": input, "context": {"conversation": "c_1"}});
    let target = stage.server.at(&format!("/desk/actions/{action}"));
    stage.server.call("POST", &target).json(&body).send().await
}

async fn told(stage: &Stage) {
    let server = &stage.server;
    let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
    let line = json!({"provider": "desk", "credential": credential}).to_string();
    server.import(server.project, &line).await;
    let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
    let update = json!({"action_permissions": {"issue_refund": true}, "settings": settings});
    server.patch("desk", update).await.data();
    let receiver = Receiver::start().await;
    let webhook = server.webhook(&receiver.url("/"), &["action_run.*", "approval.*"]).await;
    let input = json!({"charge": "ch_1", "amount": 100});
    let sent = call(stage, "issue_refund", input.clone()).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    server.patch("desk", json!({"action_permissions": {"issue_refund": "ask"}})).await.data();
    let asked = call(stage, "issue_refund", json!({"charge": "ch_1", "amount": 200})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let approval = asked.data()["approval_id"].as_str().unwrap().to_owned();
    // What is under way would count as abandoned.
    server.delivered(&webhook, &["delivered"; 2]).await;
    server.clock.advance(Duration::days(2));
    use riq_server::jobs::{Approvals, Job as _};
    let environment = server.app.services.environment.clone();
    Approvals { store: server.store.clone(), environment }.round().await.unwrap();
    server.delivered(&webhook, &["delivered"; 4]).await;
    let received = receiver.received();
    let kinds: Vec<_> = received.iter().map(|message| message.kind()).collect();
    assert_eq!(
        kinds,
        ["action_run.finished", "approval.requested", "approval.decided", "action_run.finished"]
    );
    let data: Vec<Value> = received.iter().map(|message| message.json()["data"].clone()).collect();
    let run = &data[0]["run"];
    assert_eq!(
        (&run["id"], &run["status"], &run["action"]),
        (&sent.data()["id"], &json!("succeeded"), &json!("issue_refund"))
    );
    assert_eq!(run["context"], json!({"conversation": "c_1"}));
    assert_eq!(data[0]["integration"]["provider"], "desk");
    let requested = &data[1]["approval"];
    assert_eq!((&requested["id"], &requested["status"]), (&json!(approval), &json!("pending")));
    let page = format!("/dashboard/projects/{}/approvals/{approval}", server.project);
    assert!(
        requested["url"].as_str().unwrap().ends_with(&page)
            && requested["url"].as_str().unwrap().starts_with("http")
    );
    assert_eq!(data[2]["approval"], json!({"id": approval, "status": "expired"}));
    assert_eq!((&data[3]["run"]["id"], &data[3]["run"]["status"]), (&asked.data()["id"], &json!("expired")));
    let all = data.iter().map(ToString::to_string).collect::<String>();
    assert!(!all.contains("ch_1") && !all.contains("\"input\"") && !all.contains("\"result\""), "{all}");
}
