//! Calls every action of every provider, as its first example does, at the simulator.

use integrations_core::{
    catalog::{Provider, action::Action},
    role::Role,
};
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::{Map, Value, json};

use super::{Person, connect, embedded, played};
use crate::support::{Answer, Backend, Server, server::Key};

/// What the actions of a provider need of its settings.
fn settings(provider: &str) -> Value {
    match provider {
        "cal-com" => json!({"default_event_type_id": 123, "time_zone": "America/New_York"}),
        "github" => json!({
            "default_owner": "octocat", "default_repo": "Hello-World",
            "allowed_repositories": ["octocat/Hello-World"],
        }),
        "hubspot" => json!({"create_contacts": true, "default_pipeline_id": "0"}),
        "linear" => json!({"default_team_id": "9cfb482a-81e3-4154-b5b9-2c805e70a02d"}),
        "mailgun" => {
            json!({"domain": "mg.acme.com", "from_address": "support@mg.acme.com", "track_opens": false})
        }
        "notion" => json!({
            "search_enabled": true,
            "knowledge_data_source_id": "2f26ee68-df30-4251-aad4-8ddc420cba3d",
            "escalation_data_source_id": "2f26ee68-df30-4251-aad4-8ddc420cba3d",
        }),
        "pipedrive" => json!({"create_persons": true}),
        "postmark" => json!({"from_address": "sender@example.com", "message_stream": "outbound"}),
        "salesforce" => json!({"create_cases": true}),
        "shopify" => json!({
            "order_lookup_enabled": true, "refunds_enabled": true, "refund_limit_cents": 100_000,
            "refund_limit_currency": "USD", "refund_daily_limit_cents": 1_000_000,
            "default_location_id": "655441491", "notify_customer_on_refund": true,
        }),
        "slack" => json!({"allowed_channels": ["C123ABC456", "C024BE91L"]}),
        "stripe" => json!({
            "refunds_enabled": true, "refund_limit_cents": 100_000, "refund_limit_currency": "USD",
            "refund_daily_limit_cents": 1_000_000,
        }),
        "zendesk" => json!({"public_replies": true, "ticket_tags": ["agent"], "default_group_id": 98_738}),
        _ => json!({}),
    }
}

/// The database makes no difference here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_is_called_as_its_provider_documents() {
    played(Backend::Sqlite, embedded(), every_action).await;
}

async fn every_action(server: &Server, simulator: &Simulator) {
    let policy = format!("/api/v1/projects/{}/approval-policy", server.project);
    let by_keys = json!({"decided_by": "people_and_keys"});
    server.call("PATCH", &policy).json(&by_keys).send().await.data();
    let asker = server.key_of(server.person(Role::Operator).await, &["write"]).await;
    let approver = server.key_of(server.person(Role::Approver).await, &["approvals:admin", "read"]).await;
    let mut wrong = Vec::new();
    for provider in embedded().iter() {
        install(server, simulator, provider).await;
        for action in provider.actions.iter() {
            let complaints = simulator.complaints().len();
            let answer = call(server, (&asker, &approver), provider, action).await;
            let complaints = simulator.complaints().split_off(complaints);
            if answer.status != 200 || !complaints.is_empty() {
                wrong.push(format!("{} {}: {complaints:#?} {}", provider.key, action.key, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Installs a provider, and permits all of its actions.
async fn install(server: &Server, simulator: &Simulator, provider: &Provider) {
    let key = provider.key.as_str();
    let connection = &simulator.connections(key)[0];
    if simulator.oauth_providers().contains(&key) {
        connect(server, simulator, (key, connection), Decision::Allow).await;
    } else {
        let credential = simulator.credential(key, 0);
        let person = Person::arrive(server, key).await;
        person.connect([("connection", connection), ("credential", &credential)]).await;
    }
    let permissions = provider.actions.iter().map(|action| (action.key.clone(), true.into()));
    let permissions: Map<String, Value> = permissions.collect();
    let update = json!({"action_permissions": permissions, "settings": settings(key)});
    server.patch(key, update).await.data();
}

/// Calls an action, and has it approved if a person is asked.
async fn call(
    server: &Server,
    (asker, approver): (&Key, &Key),
    provider: &Provider,
    action: &Action,
) -> Answer {
    let target = server.at(&format!("/{}/actions/{}", provider.key, action.key));
    let call = server.call_as(&asker.text, "POST", &target);
    let answer = call.json(&json!({"input": action.examples[0].input})).send().await;
    if answer.status != 202 {
        return answer;
    }
    let approval = answer.data()["approval_id"].as_str().unwrap().to_owned();
    let approve = format!("/api/v1/projects/{}/approvals/{approval}/approve", server.project);
    server.call_as(&approver.text, "POST", &approve).json(&json!({})).send().await
}
