//! Calls every action of a provider, as its first example does, at the simulator.

use std::sync::Arc;

use integrations_core::{
    catalog::{Provider, action::Action},
    role::Role,
};
use riq_testing::{
    provider_files::OF_THE_CONTRACT,
    providers::simulator::{Decision, Simulator},
};
use serde_json::{Map, Value, json};

use super::{Person, connect, played};
use crate::support::{Answer, Backend, Server, server::Key};

/// What the actions of a provider need of its settings.
fn settings(provider: &str) -> Option<Value> {
    let settings = match provider {
        "cal-com" => json!({"default_event_type_id": 123, "time_zone": "America/New_York"}),
        "discord" => json!({}),
        "github" | "github-app" => json!({
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
        "shopify" | "shopify-own-app" => json!({
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
        _ => return None,
    };
    Some(settings)
}

/// What the actions of any other provider need: whatever switches something on is on, and limits are wide.
fn wide(schema: &Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let value = |setting: &Value| match setting["type"].as_str()? {
        "boolean" => Some(true.into()),
        "integer" => Some(setting["maximum"].as_i64().unwrap_or(1_000_000).min(1_000_000).into()),
        _ => None,
    };
    properties.filter_map(|(name, setting)| Some((name.clone(), value(setting)?))).collect()
}

/// The database makes no difference here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_is_called_as_its_provider_documents() {
    played(Backend::Sqlite, every_action).await;
}

async fn every_action(server: &Server, simulator: &Simulator) {
    let callers = Callers::new(server).await;
    let mut wrong = Vec::new();
    for key in OF_THE_CONTRACT {
        install(server, simulator, key).await;
        let complaints = simulator.complaints().len();
        wrong.extend(callers.call_all(key).await);
        wrong.extend(simulator.complaints().split_off(complaints));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn install(server: &Server, simulator: &Simulator, key: &str) {
    let connection = &simulator.connections(key)[0];
    if simulator.oauth_providers().contains(&key) {
        connect(server, simulator, (key, connection), Decision::Allow).await;
    } else {
        let credential = simulator.credential(key, 0);
        let person = Person::arrive(server, key).await;
        person.connect([("connection", connection), ("credential", &credential)]).await;
    }
}

/// Who calls actions, and who approves them.
pub(super) struct Callers<'s> {
    server: &'s Server,
    asker: Key,
    approver: Key,
}

impl<'s> Callers<'s> {
    pub(super) async fn new(server: &'s Server) -> Self {
        let policy = format!("/api/v1/projects/{}/approval-policy", server.project);
        let by_keys = json!({"decided_by": "people_and_keys"});
        server.call("PATCH", &policy).json(&by_keys).send().await.data();
        let asker = server.key_of(server.person(Role::Operator).await, &["write"]).await;
        let approver = server.key_of(server.person(Role::Approver).await, &["approvals:admin", "read"]).await;
        Self { server, asker, approver }
    }

    /// Permits and calls every action of an installed provider. Returns which calls did not succeed.
    pub(super) async fn call_all(&self, key: &str) -> Vec<String> {
        let catalog = Arc::clone(&self.server.app.services.catalog);
        let provider = catalog.get(key).unwrap();
        let permissions = provider.actions.iter().map(|action| (action.key.clone(), true.into()));
        let permissions: Map<String, Value> = permissions.collect();
        let wanted = settings(key).unwrap_or_else(|| wide(provider.settings.as_value()).into());
        let update = json!({"action_permissions": permissions, "settings": wanted});
        let answer = self.server.patch(key, update).await;
        if answer.status != 200 {
            return vec![format!("{key}: {}", answer.text)];
        }
        let mut wrong = Vec::new();
        for action in provider.actions.iter() {
            let answer = self.call(provider, action).await;
            if answer.status != 200 {
                wrong.push(format!("{key} {}: {}", action.key, answer.text));
            }
        }
        wrong
    }

    /// Calls an action, and has it approved if a person is asked.
    async fn call(&self, provider: &Provider, action: &Action) -> Answer {
        let target = self.server.at(&format!("/{}/actions/{}", provider.key, action.key));
        let call = self.server.call_as(&self.asker.text, "POST", &target);
        let answer = call.json(&json!({"input": action.examples[0].input})).send().await;
        if answer.status != 202 {
            return answer;
        }
        let Some(approval) = answer.data()["approval_id"].as_str().map(str::to_owned) else { return answer };
        let approve = format!("/api/v1/projects/{}/approvals/{approval}/approve", self.server.project);
        self.server.call_as(&self.approver.text, "POST", &approve).json(&json!({})).send().await
    }
}
