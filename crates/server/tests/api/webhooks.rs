//! Webhooks: what is told of, in which order, how it is signed, and what happens when a receiver fails.

mod kills;
mod management;
mod runs;

use ipnet::IpNet;
use serde_json::json;
use time::Duration;

use crate::support::{
    Backend, Server, TestDatabase,
    receiver::{Receiver, Says},
    server::Plan,
};

/// Makes two tests of each named `async fn(&Server, &Receiver)`, one for each database.
macro_rules! on_both_with_receiver {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::webhooks::with_receiver(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::webhooks::with_receiver(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}
pub(crate) use on_both_with_receiver;

on_both_with_receiver!(
    every_change_is_told_once_in_order_and_signed,
    only_what_is_asked_for_is_told,
    what_fails_is_sent_again_with_the_same_bytes,
    a_message_waits_for_the_earlier_ones_of_its_integration_alone,
    a_message_that_cannot_be_read_holds_up_its_own_stream_alone,
    a_final_answer_ends_a_delivery_and_the_next_one_goes_on,
    a_webhook_that_nothing_reaches_is_disabled_and_the_others_are_told,
    what_waits_at_a_disabled_webhook_is_sent_in_order_or_dropped,
    during_a_rotation_both_secrets_sign,
    what_was_missed_is_sent_again,
    an_answer_is_kept_up_to_a_limit_and_a_slow_one_is_no_answer,
    two_replicas_share_the_work,
);

/// Runs a test on its own server, which may reach receivers on this machine.
pub(crate) async fn with_receiver(backend: Backend, test: impl AsyncFnOnce(&Server, &Receiver)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let mut plan = Plan::default();
    plan.outbound.allowed_networks = vec!["127.0.0.0/8".parse::<IpNet>().unwrap()];
    plan.outbound.timeout = std::time::Duration::from_secs(2);
    let server = Server::start_with(database, plan, |_| {}).await;
    let receiver = Receiver::start().await;
    test(&server, &receiver).await;
    server.stop().await;
}

impl Server {
    /// Changes an integration's name, a second after what was before.
    async fn rename(&self, provider: &str, name: &str) {
        self.clock.advance(Duration::seconds(1));
        self.patch(provider, json!({"display_name": name})).await.data();
    }
}

/// The names that messages say an integration was given.
fn names(received: &[crate::support::receiver::Received]) -> Vec<String> {
    let name = |message: &crate::support::receiver::Received| {
        message.json()["data"]["changes"][0]["to"].as_str().unwrap_or_default().to_owned()
    };
    received.iter().map(name).collect()
}

async fn every_change_is_told_once_in_order_and_signed(server: &Server, receiver: &Receiver) {
    let webhook = server.webhook(&receiver.url("/hooks?token=1"), &["*"]).await;
    server.install("postmark").await;
    for status in ["paused", "active"] {
        server.clock.advance(Duration::seconds(1));
        server.patch("postmark", json!({"status": status})).await.data();
    }
    server.clock.advance(Duration::seconds(1));
    server.delete("postmark").await.data();
    let received = receiver.wait_for(4).await;
    let kinds: Vec<_> = received.iter().map(|message| message.kind()).collect();
    let updated = "integration.lifecycle.updated";
    assert_eq!(kinds, ["integration.installed", updated, updated, "integration.disconnected"]);
    let events: Vec<_> = received.iter().map(|message| message.json()).collect();
    let sequence: Vec<_> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert!(sequence.is_sorted_by(|one, next| one < next), "{sequence:?}");
    let id = server.integration("postmark").await["id"].clone();
    for (message, event) in received.iter().zip(&events) {
        assert!(message.is_signed_with(&webhook.secret) && message.is_standard_with(&webhook.secret));
        assert_eq!(message.path, "/hooks?token=1");
        assert_eq!(message.header("webhook-id"), event["id"]);
        assert_eq!(message.header("content-type"), "application/json");
        assert_eq!(event["project_id"], server.project.to_string());
        assert_eq!(
            (&event["data"]["integration"]["id"], &event["data"]["integration"]["provider"]),
            (&id, &json!("postmark"))
        );
    }
    assert_eq!(events[1]["data"]["integration"]["status"], "paused");
    assert_eq!(events[1]["data"]["changes"], json!([{"path": "status", "from": "active", "to": "paused"}]));
    assert_eq!(events[3]["data"]["integration"]["status"], "disconnected");
    // What is told and what is recorded have one time, and nothing secret.
    let told = String::from_utf8(received.iter().flat_map(|message| message.body.clone()).collect()).unwrap();
    assert!(!told.contains("SECRET"), "{told}");
    let delivered = server.delivered(&webhook, &["delivered"; 4]).await;
    assert_eq!(delivered[0]["event"], "integration.installed");
    assert_eq!((&delivered[0]["attempt"], &delivered[0]["status_code"]), (&json!(1), &json!(200)));
}

async fn only_what_is_asked_for_is_told(server: &Server, receiver: &Receiver) {
    server.webhook(&receiver.url("/some"), &["integration.disconnected", "approval.*"]).await;
    let all = server.webhook(&receiver.url("/all"), &["integration.*"]).await;
    // A webhook of another project is told nothing of this one.
    let other = server.other_project().await;
    let target = format!("/api/v1/projects/{other}/webhooks");
    let body = json!({"url": receiver.url("/other"), "events": ["*"]});
    assert_eq!(server.call("POST", &target).json(&body).send().await.status, 201);
    server.install("postmark").await;
    server.clock.advance(Duration::seconds(1));
    server.delete("postmark").await.data();
    server.delivered(&all, &["delivered"; 2]).await;
    let received = receiver.wait_for(3).await;
    let at = |path: &str| -> Vec<String> {
        received.iter().filter(|message| message.path == path).map(|message| message.kind()).collect()
    };
    assert_eq!(at("/some"), ["integration.disconnected"]);
    assert_eq!(at("/all"), ["integration.installed", "integration.disconnected"]);
    assert_eq!(at("/other"), Vec::<String>::new());
}

async fn what_fails_is_sent_again_with_the_same_bytes(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    receiver.say(&[Says::Status(503), Says::Nothing, Says::Whole(429, "retry-after: 600\r\n", "later")]);
    server.rename("postmark", "A").await;
    // After 1 s, 5 s, and the time that the receiver asked for.
    for (expected, pause) in (1..).zip([1, 5, 600]) {
        receiver.wait_for(expected).await;
        server.attempted(&webhook, expected).await;
        server.clock.advance(Duration::seconds(pause - 1));
        server.clock.advance(Duration::seconds(1));
    }
    let received = receiver.wait_for(4).await;
    let delivered = server.delivered(&webhook, &["delivered"]).await;
    assert_eq!((received.len(), &delivered[0]["attempt"]), (4, &json!(4)));
    for message in &received {
        assert_eq!(message.body, received[0].body);
        assert_eq!(message.header("webhook-id"), received[0].header("webhook-id"));
        assert!(message.is_signed_with(&webhook.secret) && message.is_standard_with(&webhook.secret));
    }
    let times: Vec<i64> =
        received.iter().map(|message| message.header("webhook-timestamp").parse().unwrap()).collect();
    assert_eq!(times.iter().map(|time| time - times[0]).collect::<Vec<_>>(), [0, 1, 6, 606]);
    let attempts: Vec<_> = received.iter().map(|message| message.header("x-rogeriq-attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3", "4"]);
    let id = delivered[0]["id"].as_str().unwrap();
    let target = server.webhooks(&format!("/{}/deliveries/{id}", webhook.id));
    let details = server.call("GET", &target).send().await;
    let told: Vec<_> = details.data()["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| (attempt["status_code"].clone(), attempt["error"].clone(), attempt["answer"].clone()))
        .collect();
    let expected = [
        (json!(503), json!(null), json!("ok")),
        (json!(null), json!("broken"), json!("")),
        (json!(429), json!(null), json!("later")),
        (json!(200), json!(null), json!("ok")),
    ];
    assert_eq!(told, expected);
    assert_eq!(details.data()["body"].as_str().unwrap().as_bytes(), received[0].body);
}

impl Server {
    /// Waits until so many attempts of a webhook's newest delivery are stored.
    async fn attempted(&self, webhook: &crate::support::receiver::Webhook, attempts: usize) {
        let what = format!("{attempts} attempts are stored");
        crate::support::eventually(&what, std::time::Duration::from_secs(60), async || {
            let deliveries = self.deliveries(webhook).await;
            deliveries.first().is_some_and(|one| one["attempt"] == json!(attempts))
        })
        .await;
    }
}

async fn a_message_waits_for_the_earlier_ones_of_its_integration_alone(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    server.install("slack").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    receiver.say(&[Says::Status(500)]);
    server.rename("postmark", "P1").await;
    server.attempted(&webhook, 1).await;
    server.rename("postmark", "P2").await;
    server.rename("slack", "M1").await;
    // A second passed since the failure, so P1 may come again before or after M1, but P2 never before P1.
    let received = receiver.wait_for(4).await;
    server.delivered(&webhook, &["delivered"; 3]).await;
    let told = names(&received);
    let place = |name: &str| told.iter().rposition(|told| told == name).unwrap();
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(place("P1") < place("P2") && told.contains(&"M1".to_owned()), "{told:?}");
}

async fn a_message_that_cannot_be_read_holds_up_its_own_stream_alone(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    server.install("slack").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let set = async |status: &str| {
        let target = server.webhooks(&format!("/{}", webhook.id));
        server.call("PATCH", &target).json(&json!({"status": status})).send().await.data();
    };
    set("disabled").await;
    for (provider, name) in [("postmark", "P1"), ("postmark", "P2"), ("slack", "M1")] {
        server.rename(provider, name).await;
    }
    let damage = "UPDATE webhook_events SET kind = $1 WHERE number = \
                  (SELECT MIN(number) FROM webhook_deliveries WHERE status = 'pending')";
    let was = "integration.lifecycle.updated";
    assert_eq!(server.sql.execute(damage, ["nonsense".into()]).await, 1);
    set("active").await;
    let delivered = "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'delivered'";
    crate::support::eventually(
        "the other one is delivered",
        std::time::Duration::from_secs(60),
        async || server.sql.count(delivered, []).await == 1,
    )
    .await;
    assert_eq!(names(&receiver.received()), ["M1"]);
    // Its stream is looked at again by itself.
    assert_eq!(server.sql.execute(damage, [was.into()]).await, 1);
    server.clock.advance(Duration::seconds(30));
    server.delivered(&webhook, &["delivered"; 3]).await;
    assert_eq!(names(&receiver.received()), ["M1", "P1", "P2"]);
}

async fn a_final_answer_ends_a_delivery_and_the_next_one_goes_on(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    receiver.say(&[Says::Status(410), Says::Whole(302, "location: /elsewhere\r\n", ""), Says::Status(204)]);
    for name in ["A", "B", "C"] {
        server.rename("postmark", name).await;
    }
    let ended = server.delivered(&webhook, &["failed", "failed", "delivered"]).await;
    assert_eq!(ended[0]["status_code"], 410);
    assert_eq!(names(&receiver.received()), ["A", "B", "C"], "no redirect was followed");
    let shown = server.call("GET", &server.webhooks(&format!("/{}", webhook.id))).send().await;
    assert_eq!((&shown.data()["failure_count"], &shown.data()["status"]), (&json!(0), &json!("active")));
}

async fn a_webhook_that_nothing_reaches_is_disabled_and_the_others_are_told(
    server: &Server,
    receiver: &Receiver,
) {
    server.install("postmark").await;
    let other = Receiver::start().await;
    let told = server.webhook(&other.url("/"), &["webhook.*"]).await;
    server.clock.advance(Duration::seconds(1));
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    receiver.say_always(Says::Status(400));
    let mut failed = Vec::new();
    for number in 0..10 {
        // Over an hour, and not a minute less.
        server.clock.advance(Duration::minutes(if number == 0 { 0 } else { 7 }));
        server.rename("postmark", &format!("N{number}")).await;
        failed.push("failed");
        if number < 9 {
            server.delivered(&webhook, &failed).await;
        }
    }
    let shown = async || {
        let shown = server.call("GET", &server.webhooks(&format!("/{}", webhook.id))).send().await;
        shown.data().clone()
    };
    crate::support::eventually("it is disabled", std::time::Duration::from_secs(60), async || {
        shown().await["status"] == "disabled"
    })
    .await;
    assert_eq!(shown().await["failure_count"], 10);
    let message = &other.wait_for(1).await[0];
    assert_eq!(message.kind(), "webhook.disabled");
    assert_eq!(message.json()["data"]["webhook"], json!({"id": webhook.id, "status": "disabled"}));
    assert!(message.is_signed_with(&told.secret));
    let audit =
        server.call("GET", &format!("/api/v1/projects/{}/audit?action=webhook.updated", server.project));
    assert_eq!(audit.send().await.data()[0]["actor"]["kind"], "system");
}

async fn what_waits_at_a_disabled_webhook_is_sent_in_order_or_dropped(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let set = async |update: serde_json::Value| {
        server.clock.advance(Duration::seconds(1));
        let target = server.webhooks(&format!("/{}", webhook.id));
        server.call("PATCH", &target).json(&update).send().await.data().clone()
    };
    assert_eq!(set(json!({"status": "disabled"})).await["status"], "disabled");
    for name in ["A", "B", "C", "D", "E", "F"] {
        server.rename("postmark", name).await;
    }
    assert_eq!(server.deliveries(&webhook).await.len(), 6);
    assert_eq!(receiver.received().len(), 0);
    set(json!({"status": "active"})).await;
    server.delivered(&webhook, &["delivered"; 6]).await;
    assert_eq!(names(&receiver.received()), ["A", "B", "C", "D", "E", "F"]);
    set(json!({"status": "disabled"})).await;
    server.rename("postmark", "G").await;
    set(json!({"status": "active", "waiting": "drop"})).await;
    server.rename("postmark", "H").await;
    let mut expected = vec!["delivered"; 6];
    expected.extend(["dropped", "delivered"]);
    server.delivered(&webhook, &expected).await;
    assert_eq!(names(&receiver.received()[6..]), ["H"]);
}

async fn during_a_rotation_both_secrets_sign(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let rotate = async |body: serde_json::Value| {
        server.clock.advance(Duration::seconds(1));
        let target = server.webhooks(&format!("/{}/rotate-secret", webhook.id));
        let answer = server.call("POST", &target).json(&body).send().await;
        answer.data()["secret"].as_str().unwrap().to_owned()
    };
    let second = rotate(json!({"overlap_seconds": 3600})).await;
    server.rename("postmark", "A").await;
    server.delivered(&webhook, &["delivered"]).await;
    server.clock.advance(Duration::hours(1));
    server.rename("postmark", "B").await;
    server.delivered(&webhook, &["delivered"; 2]).await;
    let third = rotate(json!({})).await;
    server.rename("postmark", "C").await;
    server.delivered(&webhook, &["delivered"; 3]).await;
    let received = receiver.received();
    let signed = |place: usize, secret: &str| {
        let message = &received[place];
        (message.is_signed_with(secret), message.is_standard_with(secret))
    };
    assert_eq!(signed(0, &webhook.secret), (true, true), "the old one, while it counts");
    assert_eq!(signed(0, &second), (false, true));
    assert_eq!((signed(1, &webhook.secret), signed(1, &second)), ((false, false), (true, true)));
    assert_eq!((signed(2, &second), signed(2, &third)), ((false, false), (true, true)));
}

async fn what_was_missed_is_sent_again(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    receiver.say(&[Says::Status(404), Says::Status(200), Says::Status(404)]);
    for name in ["A", "B", "C"] {
        server.rename("postmark", name).await;
    }
    let ended = server.delivered(&webhook, &["failed", "delivered", "failed"]).await;
    let redeliver = async |rest: &str, body: serde_json::Value| {
        let target = server.webhooks(&format!("/{}/{rest}", webhook.id));
        server.call("POST", &target).json(&body).send().await.data()["redelivered"].as_u64().unwrap()
    };
    assert_eq!(redeliver("redeliver", json!({"since": ended[1]["created_at"]})).await, 1);
    server.delivered(&webhook, &["failed", "delivered", "delivered"]).await;
    let second = ended[1]["id"].as_str().unwrap();
    assert_eq!(
        redeliver(&format!("deliveries/{second}/redeliver"), json!({})).await,
        1,
        "also what was delivered"
    );
    let received = receiver.wait_for(5).await;
    server.attempts_of(&webhook, second, 2).await;
    assert_eq!(names(&received), ["A", "B", "C", "C", "B"]);
    assert_eq!((&received[4].body, received[4].header("x-rogeriq-redelivery")), (&received[1].body, "true"));
    assert_eq!(received[1].header("x-rogeriq-redelivery"), "");
    assert!(received[4].json()["sequence"].as_i64() < received[3].json()["sequence"].as_i64());
}

impl Server {
    /// Waits until a delivery has so many attempts, and was delivered.
    async fn attempts_of(
        &self,
        webhook: &crate::support::receiver::Webhook,
        delivery: &str,
        attempts: usize,
    ) {
        crate::support::eventually("it is delivered again", std::time::Duration::from_secs(60), async || {
            let deliveries = self.deliveries(webhook).await;
            let found = deliveries.iter().find(|one| one["id"] == delivery).unwrap();
            found["attempt"] == json!(attempts) && found["status"] == "delivered"
        })
        .await;
    }
}

async fn an_answer_is_kept_up_to_a_limit_and_a_slow_one_is_no_answer(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let long: &'static str = Box::leak(format!("{}\0<b>", "x".repeat(4_000)).repeat(3).into_boxed_str());
    receiver.say(&[Says::Whole(400, "", long), Says::Trickle, Says::Status(200), Says::Silence]);
    server.rename("postmark", "A").await;
    let first = server.delivered(&webhook, &["failed"]).await;
    let target = server.webhooks(&format!("/{}/deliveries/{}", webhook.id, first[0]["id"].as_str().unwrap()));
    let details = server.call("GET", &target).send().await;
    let answer = details.data()["attempts"][0]["answer"].as_str().unwrap().to_owned();
    assert!(answer.starts_with("xxx") && answer.contains("<b>") && answer.len() <= 4_200, "{}", answer.len());
    for name in ["B", "C"] {
        server.rename("postmark", name).await;
        server.attempted(&webhook, 1).await;
        let deliveries = server.deliveries(&webhook).await;
        assert_eq!(
            (&deliveries[0]["error"], &deliveries[0]["status"]),
            (&json!("timed_out"), &json!("pending"))
        );
        server.clock.advance(Duration::seconds(1));
        server.attempted(&webhook, 2).await;
    }
}

async fn two_replicas_share_the_work(server: &Server, receiver: &Receiver) {
    let replica = server.replica(|_| {}).await;
    for provider in ["postmark", "slack", "shopify"] {
        server.install(provider).await;
    }
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    // At one moment, so that no lease ends because the clock runs faster than the replicas.
    for number in 0..10 {
        for provider in ["postmark", "slack", "shopify"] {
            let name = json!({"display_name": format!("{provider} {number}")});
            server.patch(provider, name).await.data();
        }
    }
    server.delivered(&webhook, &["delivered"; 30]).await;
    let told = names(&receiver.received());
    assert_eq!(told.len(), 30, "each once: {told:?}");
    for provider in ["postmark", "slack", "shopify"] {
        let own = told.iter().filter(|name| name.starts_with(provider));
        assert!(
            own.eq((0..10).map(|number| format!("{provider} {number}")).collect::<Vec<_>>().iter()),
            "{told:?}"
        );
    }
    replica.stop().await;
}
