//! Servers that are killed while they tell of changes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use integrations_core::webhook::EventType;
use serde_json::{Value, json};

use crate::{
    crash::{Acknowledged, CLIENTS, hail, prepare},
    support::{
        TestDatabase, eventually,
        process::Process,
        receiver::{Received, Receiver, Says},
        server::client,
    },
};

on_both_databases!(killed_at_any_moment_every_change_is_told_in_order);

/// How often a server is killed, and the variable that says otherwise.
const KILLS: (&str, u64) = ("RIQ_TEST_KILLS", 6);
const PATIENCE: Duration = Duration::from_secs(120);
const SETTINGS: [(&str, &str); 2] = [("RIQ_OUTBOUND_ALLOW", "127.0.0.0/8"), ("RIQ_OUTBOUND_TIMEOUT", "1s")];

async fn killed_at_any_moment_every_change_is_told_in_order(database: &TestDatabase) {
    let tenancy = prepare(database).await;
    let receiver = Receiver::start().await;
    let kills = std::env::var(KILLS.0).ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS.1);
    let acknowledged = Arc::new(Acknowledged::default());
    for kill in 0..kills {
        let mut process = Process::serve(database, &SETTINGS).await;
        let project = format!("http://{}/api/v1/projects/{}", process.address, tenancy.project);
        if kill == 0 {
            let body = json!({"url": receiver.url("/"), "events": ["*"]});
            let made =
                client().post(format!("{project}/webhooks")).header("x-api-key", &tenancy.key).json(&body);
            assert_eq!(made.send().await.unwrap().status().as_u16(), 201);
        }
        // Now and then it does not answer, or not well.
        receiver.say(&[Says::Status(503), Says::Nothing]);
        let before = receiver.received().len();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let base = format!("{project}/integrations");
                tokio::spawn(hail(base, tenancy.key.clone(), number, Arc::clone(&acknowledged)))
            })
            .collect();
        let enough = acknowledged.total() + 10;
        eventually("changes are acknowledged and told", PATIENCE, async || {
            acknowledged.total() >= enough && receiver.received().len() > before
        })
        .await;
        // What is under way differs from kill to kill.
        tokio::time::sleep(Duration::from_millis(kill * 7 % 50)).await;
        process.kill();
        for client in clients {
            client.await.unwrap();
        }
    }
    let sql = database.open().await;
    let recorded = "SELECT id, integration_id FROM audit_events WHERE action = $1";
    let updated = EventType::IntegrationLifecycleUpdated.as_str();
    let recorded = sql.rows(recorded, [updated.into()]).await;
    let _process = Process::serve(database, &SETTINGS).await;
    let pending = "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending'";
    eventually("everything is delivered", PATIENCE, async || sql.count(pending, []).await == 0).await;
    assert_told(&receiver.received(), &recorded);
    assert!(recorded.len() >= acknowledged.total());
}

/// Asserts that every change on record was told, in the order of its integration, and what was told again the same.
fn assert_told(received: &[Received], recorded: &[Value]) {
    let mut first = HashMap::<String, Vec<u8>>::new();
    let mut last = HashMap::<String, i64>::new();
    for message in received {
        let event: Value = message.json();
        let id = event["id"].as_str().unwrap().trim_start_matches("evt_").to_owned();
        let integration = event["data"]["integration"]["id"].as_str().unwrap().to_owned();
        if let Some(body) = first.get(&id) {
            assert_eq!(body, &message.body, "what comes twice is the same");
            continue;
        }
        let sequence = event["sequence"].as_i64().unwrap();
        let before = last.insert(integration, sequence);
        assert!(before.is_none_or(|before| before < sequence), "{before:?} and then {sequence}");
        first.insert(id, message.body.clone());
    }
    for row in recorded {
        let id = row["id"].as_str().unwrap().trim_start_matches("aud_");
        assert!(first.contains_key(id), "{row} is on record and was not told");
    }
}
