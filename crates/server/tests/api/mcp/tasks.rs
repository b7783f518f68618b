//! Tasks: calls that wait for a person, for clients that ask for them later.

use std::time::Duration as Std;

use integrations_core::role::Role;
use riq_testing::providers::desk_and_keys::Says;
use serde_json::{Value, json};
use time::Duration;

use super::{
    client::{Client, LEGACY, MODERN, Told, client, meta},
    connect, count, permit,
};
use crate::{
    monitor::on_both_stages,
    support::{
        Answer, Server, eventually,
        played::{Stage, on_stage},
        server::Key,
    },
};

on_both_stages!(
    a_call_that_waits_is_a_task_that_ends_with_its_run,
    a_task_is_only_for_a_request_that_says_so,
    a_task_is_its_keys_alone,
    what_waits_is_taken_back_and_nothing_else,
    of_taking_back_and_approving_one_holds,
    a_long_call_is_a_task_that_cannot_be_taken_back,
    the_name_in_the_header_is_the_tasks,
);

const NO_SUCH_TASK: &str = "There is no such task";

/// A stage on which a person's key asks for refunds as tasks, and another person's decides.
struct Desk<'a> {
    server: &'a Server,
    agent: Client<'a>,
    asker: Key,
    approver: Key,
}

impl<'a> Desk<'a> {
    async fn open(stage: &'a Stage) -> Self {
        let server = &stage.server;
        connect(stage, json!({"issue_refund": "ask", "close_ticket": true})).await;
        let asker = server.key_of(server.person(Role::Operator).await, &["read", "write"]).await;
        let approver = server.key_of(server.person(Role::Approver).await, &["approvals:admin"]).await;
        let agent = Client { key: asker.text.clone(), ..client(server) };
        let desk = Self { server, agent, asker, approver };
        let policy = desk.server.call("PATCH", &desk.path("approval-policy"));
        policy.json(&json!({"decided_by": "people_and_keys"})).send().await.data();
        server.clock.advance(Duration::seconds(1));
        desk
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}/{rest}", self.server.project)
    }

    /// Asks for a refund, and returns the task's id.
    async fn ask(&self, charge: &str) -> String {
        let told = refund(&self.agent, charge).await;
        let task = told.result();
        assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
        task["taskId"].as_str().unwrap().to_owned()
    }

    async fn decide(&self, task: &str, verb: &str, body: Value) -> Answer {
        let run = self.server.call("GET", &self.path(&format!("action-runs/{task}"))).send().await;
        let approval = run.data()["approval_id"].as_str().unwrap().to_owned();
        let target = self.path(&format!("approvals/{approval}/{verb}"));
        self.server.call_as(&self.approver.text, "POST", &target).json(&body).send().await
    }

    async fn get(&self, task: &str) -> Value {
        of_task(&self.agent, "get", task).await.result().clone()
    }
}

/// The capabilities of a client that knows tasks.
fn able() -> Value {
    json!({"extensions": {"io.modelcontextprotocol/tasks": {}}})
}

async fn refund(agent: &Client<'_>, charge: &str) -> Told {
    let arguments = json!({"charge": charge, "amount": 600});
    let params = json!({"name": "desk_issue_refund", "arguments": arguments});
    agent.ask_able(&able(), 1, "tools/call", params).await
}

async fn of_task(agent: &Client<'_>, verb: &str, task: &str) -> Told {
    let mut params = json!({"taskId": task});
    if verb == "update" {
        params["inputResponses"] = json!({"none": {"action": "accept"}});
    }
    agent.ask_able(&able(), 2, &format!("tasks/{verb}"), params).await
}

async fn a_call_that_waits_is_a_task_that_ends_with_its_run(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let told = refund(&desk.agent, "ch_1").await;
    let created = told.result();
    let id = created["taskId"].as_str().unwrap();
    assert!(id.starts_with("run_") && created.get("result").is_none(), "{created}");
    assert_eq!((&created["ttlMs"], &created["pollIntervalMs"]), (&Value::Null, &json!(5_000)));
    assert_eq!(created["statusMessage"], "A person was asked to approve it, and nothing was sent.");
    // Any replica knows it. It says the same until somebody has decided.
    let replica = stage.server.replica(|_| {}).await;
    let there = Client { key: desk.asker.text.clone(), ..client(&replica) };
    let got = of_task(&there, "get", id).await;
    let got = got.result();
    assert_eq!((&got["resultType"], &got["status"]), (&json!("complete"), &json!("working")));
    for member in ["taskId", "createdAt", "lastUpdatedAt", "statusMessage", "ttlMs", "pollIntervalMs"] {
        assert_eq!(got[member], created[member], "{member}");
    }
    replica.stop().await;
    // The same call is the same task.
    assert_eq!(desk.ask("ch_1").await, id);
    assert_eq!(of_task(&desk.agent, "update", id).await.result()["resultType"], "complete");
    assert_eq!(count(stage, "desk refund"), 0);
    desk.decide(id, "approve", json!({})).await.data();
    let ended = desk.get(id).await;
    let result = &ended["result"];
    assert_eq!((&ended["status"], &result["isError"]), (&json!("completed"), &json!(false)), "{ended}");
    assert_eq!(
        (&result["structuredContent"]["id"], &result["structuredContent"]["status"]),
        (&json!(id), &json!("succeeded"))
    );
    assert!(ended["lastUpdatedAt"].is_string() && ended.get("error").is_none(), "{ended}");
    // A person's no is the call's result, and no fault of the protocol.
    let denied = desk.ask("ch_2").await;
    desk.decide(&denied, "deny", json!({"note": "Not this customer"})).await.data();
    let ended = desk.get(&denied).await;
    assert_eq!((&ended["status"], &ended["result"]["isError"]), (&json!("completed"), &json!(true)));
    let text = ended["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("A person denied it: Not this customer."), "{text}");
    assert_eq!(count(stage, "desk refund"), 1);
    // What ends at once is no task.
    let close = json!({"name": "desk_close_ticket", "arguments": {"ticket": "t1"}});
    let closed = desk.agent.ask_able(&able(), 3, "tools/call", close).await;
    assert_eq!(closed.content()["status"], "succeeded");
}

async fn a_task_is_only_for_a_request_that_says_so(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let task = desk.ask("ch_1").await;
    // What the client said before does not count.
    let arguments = json!({"charge": "ch_1", "amount": 600});
    let plain = desk.agent.call(2, "desk_issue_refund", arguments.clone()).await;
    assert_eq!(
        (&plain.content()["id"], &plain.content()["status"]),
        (&json!(task), &json!("pending_approval"))
    );
    for verb in ["get", "update", "cancel"] {
        let params = json!({"taskId": task, "inputResponses": {}});
        let refused = desk.agent.ask(3, &format!("tasks/{verb}"), params).await;
        assert_eq!(refused.error(), (400, -32021), "{verb}");
        let required = &refused.body["error"]["data"]["requiredCapabilities"];
        assert_eq!(*required, able());
    }
    // The revision before has none, whatever a request says.
    let params = json!({"name": "desk_issue_refund", "arguments": arguments, "_meta": meta(&able())});
    let mut call = json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": params});
    call["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(LEGACY);
    let legacy = desk.agent.post(&[("mcp-protocol-version", LEGACY)], call.to_string()).await;
    assert_ne!(legacy.body["result"]["resultType"], "task", "{legacy:?}");
    assert_eq!(desk.get(&task).await["status"], "working");
}

async fn a_task_is_its_keys_alone(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let server = desk.server;
    let task = desk.ask("ch_1").await;
    let key = server.key_for(&["read", "write"]).await.text;
    let other = Client { key, ..client(server) };
    // This project's key is another's at another project, and another organization has another key.
    let elsewhere =
        Client { key: desk.asker.text.clone(), project: server.other_project().await, ..client(server) };
    let (_, foreign, stranger) = server.other_organization().await;
    let stranger = Client { key: stranger.text, project: foreign, ..client(server) };
    for agent in [&other, &elsewhere, &stranger] {
        for verb in ["get", "update", "cancel"] {
            for id in [task.as_str(), "run_00000000000000000000000001", "x"] {
                let refused = of_task(agent, verb, id).await;
                assert_eq!(refused.body["error"]["code"], -32602, "{refused:?}");
                assert_eq!(refused.body["error"]["message"], NO_SUCH_TASK, "{refused:?}");
            }
        }
    }
    let key = server.key_for(&["integrations:read"]).await.text;
    let reader = Client { key, ..client(server) };
    let refused = of_task(&reader, "get", &task).await;
    let message = refused.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("actions:read"), "{message}");
    assert_eq!(desk.get(&task).await["status"], "working");
    desk.decide(&task, "approve", json!({})).await.data();
    assert_eq!(desk.get(&task).await["status"], "completed");
}

async fn what_waits_is_taken_back_and_nothing_else(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let task = desk.ask("ch_1").await;
    assert_eq!(desk.server.sql.count("SELECT COUNT(*) FROM action_reservations", []).await, 1);
    for _ in 0..2 {
        let told = of_task(&desk.agent, "cancel", &task).await;
        let members: Vec<&String> = told.result().as_object().unwrap().keys().collect();
        assert!(!members.iter().any(|name| ["taskId", "status", "result"].contains(&name.as_str())));
        assert_eq!(told.result()["resultType"], "complete");
    }
    let ended = desk.get(&task).await;
    assert_eq!(ended["status"], "cancelled");
    assert!(
        ended["statusMessage"].as_str().unwrap().contains("took it back, so nothing was sent"),
        "{ended}"
    );
    // It is gone for who decides, it counts no more, and it is on record.
    desk.decide(&task, "approve", json!({})).await.refused(409, "APPROVAL_NOT_PENDING");
    assert_eq!(desk.server.sql.count("SELECT COUNT(*) FROM action_reservations", []).await, 0);
    let events = desk.server.audit("desk").await;
    let expired: Vec<&Value> =
        events.iter().filter(|event| event["action"] == "integration.action.expired").collect();
    assert_eq!(expired.len(), 1, "{events:?}");
    assert_eq!(expired[0]["actor_key_id"], desk.asker.id.to_string());
    assert_eq!(count(stage, "desk refund"), 0);
    // It can be asked for again. What a person decided is not taken back.
    let again = desk.ask("ch_1").await;
    assert_ne!(again, task);
    desk.decide(&again, "approve", json!({})).await.data();
    let denied = desk.ask("ch_2").await;
    desk.decide(&denied, "deny", json!({})).await.data();
    for (task, is_error) in [(&again, false), (&denied, true)] {
        of_task(&desk.agent, "cancel", task).await.result();
        let ended = desk.get(task).await;
        assert_eq!((&ended["status"], &ended["result"]["isError"]), (&json!("completed"), &json!(is_error)));
    }
    assert_eq!(count(stage, "desk refund"), 1);
}

async fn of_taking_back_and_approving_one_holds(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let replica = stage.server.replica(|_| {}).await;
    let there = Client { key: desk.asker.text.clone(), ..client(&replica) };
    for charge in ["ch_1", "ch_2", "ch_3"] {
        let (task, sent) = (desk.ask(charge).await, count(stage, "desk refund"));
        let (approved, cancelled) =
            tokio::join!(desk.decide(&task, "approve", json!({})), of_task(&there, "cancel", &task));
        cancelled.result();
        let ended = desk.get(&task).await;
        let sent = count(stage, "desk refund") - sent;
        match approved.status {
            200 => assert_eq!((&ended["status"], sent), (&json!("completed"), 1)),
            409 => assert_eq!((&ended["status"], sent), (&json!("cancelled"), 0)),
            _ => panic!("{approved:?}"),
        }
    }
    replica.stop().await;
}

async fn a_long_call_is_a_task_that_cannot_be_taken_back(stage: &Stage) {
    let desk = Desk::open(stage).await;
    stage.provider.set("desk close", Says::Nothing);
    let hasty = stage.server.replica(|settings| settings.request_timeout = Std::from_secs(2)).await;
    let there = Client { key: desk.asker.text.clone(), ..client(&hasty) };
    let close = json!({"name": "desk_close_ticket", "arguments": {"ticket": "t1"}});
    let told = there.ask_able(&able(), 1, "tools/call", close).await;
    let task = told.result();
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    let message = task["statusMessage"].as_str().unwrap();
    assert!(message.starts_with("It may have happened already"), "{message}");
    let id = task["taskId"].as_str().unwrap();
    of_task(&desk.agent, "cancel", id).await.result();
    assert_eq!(desk.get(id).await["status"], "working");
    stage.provider.set("desk close", Says::Truth);
    eventually("the call has ended", Std::from_secs(60), async || desk.get(id).await["status"] != "working")
        .await;
    let ended = desk.get(id).await;
    assert_eq!(ended["result"]["structuredContent"]["status"], "succeeded", "{ended}");
    hasty.stop().await;
}

async fn the_name_in_the_header_is_the_tasks(stage: &Stage) {
    let desk = Desk::open(stage).await;
    permit(stage, json!({"issue_refund": "ask"})).await;
    let (task, other) = (desk.ask("ch_1").await, desk.ask("ch_2").await);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({"taskId": task, "name": other, "inputResponses": {}, "_meta": meta(&able())});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let headers =
            [("mcp-protocol-version", MODERN), ("mcp-method", method), ("mcp-name", other.as_str())];
        assert_eq!(desk.agent.post(&headers, body.clone()).await.error(), (400, -32020), "{method}");
        assert_eq!(desk.agent.post(&headers[..2], body).await.error(), (400, -32020), "{method}");
    }
    for id in [&task, &other] {
        assert_eq!(desk.get(id).await["status"], "working");
    }
}
