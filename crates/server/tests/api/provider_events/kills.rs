//! Servers that are killed while they take events.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use riq_server::environment::Environment;
use serde_json::{Value, json};

use super::{SECRET, by_stripe};
use crate::{
    crash::prepare,
    support::{
        TestDatabase, eventually,
        process::Process,
        receiver::{Receiver, Says},
        server::client,
    },
};

on_both_databases!(killed_at_any_moment_every_event_that_was_acknowledged_is_forwarded);

/// How often a server is killed, and the variable that says otherwise.
const KILLS: (&str, u64) = ("RIQ_TEST_KILLS", 6);
const CLIENTS: u64 = 4;
const PATIENCE: Duration = Duration::from_secs(120);
const SETTINGS: [(&str, &str); 2] = [("RIQ_OUTBOUND_ALLOW", "127.0.0.0/8"), ("RIQ_OUTBOUND_TIMEOUT", "1s")];

type Taken = Arc<Mutex<BTreeSet<String>>>;

async fn killed_at_any_moment_every_event_that_was_acknowledged_is_forwarded(database: &TestDatabase) {
    let tenancy = prepare(database).await;
    let receiver = Receiver::start().await;
    let kills = std::env::var(KILLS.0).ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS.1);
    let taken = Taken::default();
    let mut path = String::new();
    for kill in 0..kills {
        let mut process = Process::serve(database, &SETTINGS).await;
        let project = format!("http://{}/api/v1/projects/{}", process.address, tenancy.project);
        if kill == 0 {
            path = set_up(&project, &tenancy.key, &receiver).await;
        }
        if kill == 0 {
            // Each failure lengthens the pause of the one stream that there is.
            receiver.say(&[Says::Status(503), Says::Nothing]);
        }
        let before = taken.lock().unwrap().len();
        let url = format!("http://{}{path}", process.address);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| tokio::spawn(provide(url.clone(), format!("{kill}-{client}"), Arc::clone(&taken))))
            .collect();
        eventually("events are taken", PATIENCE, async || taken.lock().unwrap().len() >= before + 20).await;
        // What is under way differs from kill to kill.
        tokio::time::sleep(Duration::from_millis(kill * 7 % 50)).await;
        process.kill();
        for client in clients {
            client.await.unwrap();
        }
    }
    let sql = database.open().await;
    let _process = Process::serve(database, &SETTINGS).await;
    let pending = "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending'";
    eventually("everything is delivered", PATIENCE, async || sql.count(pending, []).await == 0).await;
    let mut told = BTreeMap::<String, String>::new();
    for message in receiver.received() {
        let event: Value = message.json()["data"]["event"].clone();
        let of = |name: &str| event[name].as_str().unwrap().to_owned();
        let before = told.insert(of("provider_event_id"), of("id"));
        assert!(before.is_none_or(|before| before == of("id")), "a duplicate has the same id: {event}");
    }
    let lost: Vec<_> = taken.lock().unwrap().iter().filter(|id| !told.contains_key(*id)).cloned().collect();
    assert_eq!(lost, Vec::<String>::new());
}

/// Connects Stripe with a webhook, and returns the path of its address.
async fn set_up(project: &str, key: &str, receiver: &Receiver) -> String {
    let call = async |request: reqwest::RequestBuilder| -> Value {
        request.header("x-api-key", key).send().await.unwrap().json().await.unwrap()
    };
    let body = json!({"url": receiver.url("/"), "events": ["provider.event"]});
    let made = call(client().post(format!("{project}/webhooks")).json(&body)).await;
    assert!(made["data"]["id"].is_string(), "{made}");
    let secret = format!("{project}/integrations/stripe/event-source/secret");
    let set = call(client().put(secret).json(&json!({"secret": SECRET}))).await;
    super::path_of(&set["data"])
}

/// Sends events as Stripe would, each until it is taken, while the server is there.
async fn provide(url: String, name: String, taken: Taken) {
    let client = client();
    for number in 0.. {
        let id = format!("evt_{name}-{number}");
        let body = json!({"id": id, "type": "charge.refunded"}).to_string();
        let signature = by_stripe(SECRET, Environment::system().now(), body.as_bytes());
        let sent = client.post(&url).header("stripe-signature", signature).body(body).send().await;
        match sent {
            Ok(answer) if answer.status().is_success() => drop(taken.lock().unwrap().insert(id)),
            Ok(answer) => assert_eq!(answer.status().as_u16(), 503),
            Err(_) => return,
        }
    }
}
