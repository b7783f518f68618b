//! The addresses of OAuth apps: the events of every account come to one.

use http::Method;
use riq_server::services::provider_events::AddressFor;
use serde_json::{Value, json};

use super::{forwarded, hex, mac, path_of, post, send};
use crate::{
    support::{Server, receiver::Receiver},
    webhooks::on_both_with_receiver,
};

on_both_with_receiver!(
    an_event_of_an_account_goes_to_every_integration_of_it,
    a_challenge_is_answered_and_nothing_is_kept,
    an_event_that_ends_access_brings_the_check_forward,
    each_event_of_a_batch_is_routed_by_itself,
    what_is_asked_after_the_end_is_forwarded,
    a_secret_that_is_brought_is_taken_once_while_somebody_waits,
);

const SIGNING: &str = "SECRET-signing-secret-of-slack";

impl Server {
    /// Says which account an integration is connected to.
    async fn is_of(&self, provider: &str, account: &str) {
        let sql = "UPDATE integrations SET account_id = $1 WHERE provider = $2";
        self.sql.execute(sql, [account.into(), provider.into()]).await;
    }

    fn app(&self, rest: &str) -> String {
        format!("/api/v1/orgs/{}/oauth-apps/{rest}", self.organization)
    }

    async fn set_app(&self, provider: &str) {
        let app = json!({"client_id": "client", "client_secret": format!("SECRET-of-{provider}")});
        self.call("PUT", &self.app(provider)).json(&app).send().await.data();
    }

    /// Sets an organization's app of Slack with the secret of its events, and returns the path of its address.
    async fn listen_to_slack(&self) -> String {
        self.set_app("slack").await;
        let target = self.app("slack/event-source/secret");
        let set = self.call("PUT", &target).json(&json!({"secret": SIGNING})).send().await;
        assert_eq!((&set.data()["address_of"], &set.data()["secret_status"]), (&json!("app"), &json!("set")));
        path_of(set.data())
    }

    async fn slack(&self, path: &str, secret: &str, body: &Value) -> u16 {
        let (at, body) = (self.now().unix_timestamp().to_string(), body.to_string());
        let parts = [b"v0:", at.as_bytes(), b":", body.as_bytes()];
        let signature = format!("v0={}", hex(&mac(secret, &parts)));
        let headers = [("x-slack-signature", signature.as_str()), ("x-slack-request-timestamp", at.as_str())];
        post(self, path, &headers, body.as_bytes()).await
    }
}

fn message(id: &str, team: &str) -> Value {
    json!({"type": "event_callback", "event_id": id, "team_id": team, "event_time": 1_772_359_190,
           "event": {"type": "message", "text": "SECRET-customer"}})
}

async fn an_event_of_an_account_goes_to_every_integration_of_it(server: &Server, receiver: &Receiver) {
    let path = server.listen_to_slack().await;
    server.install("slack").await;
    let other = server.other_project().await;
    let line = json!({"provider": "slack~two", "credential": {"access_token": "SECRET", "refresh_token": null, "expires_at": null}});
    server.import(other, &line.to_string()).await;
    server.is_of("slack", "T1").await;
    server.is_of("slack~two", "T1").await;
    server.webhook(&receiver.url("/one"), &["*"]).await;
    let target = format!("/api/v1/projects/{other}/webhooks");
    let body = json!({"url": receiver.url("/two"), "events": ["*"]});
    assert_eq!(server.call("POST", &target).json(&body).send().await.status, 201);
    assert_eq!(server.slack(&path, SIGNING, &message("Ev1", "T1")).await, 200);
    let received = receiver.wait_for(2).await;
    let mut paths: Vec<_> = received.iter().map(|message| message.path.clone()).collect();
    paths.sort();
    assert_eq!(paths, ["/one", "/two"]);
    assert!(forwarded(&received).iter().all(|event| event["account"] == "T1"));
    // Nobody's is answered and counted.
    assert_eq!(server.slack(&path, SIGNING, &message("Ev2", "T9")).await, 200);
    let refusals = async || {
        let source = server.call("GET", &server.app("slack/event-source")).send().await;
        source.data()["refusals"].clone()
    };
    crate::support::eventually("it is counted", super::PATIENCE, async || {
        refusals().await[0]["reason"] == "unrouted"
    })
    .await;
    assert_eq!(refusals().await[0]["claimed_type"], "message");
    assert_eq!(server.slack(&path, "another", &message("Ev3", "T1")).await, 401);
    // An integration shows that the address is the app's, and not the address.
    let source = server.event_source("slack").await;
    assert_eq!(
        (&source["address_of"], &source["url"], &source["secret_status"]),
        (&json!("app"), &Value::Null, &json!("set"))
    );
    let set = server
        .call("PUT", &server.at("/slack/event-source/secret"))
        .json(&json!({"secret": "x"}))
        .send()
        .await;
    set.refused(409, "CONFLICT");
    // The app of the operator has an address of its own, to which this organization's events do not come.
    let slack = server.app.services.catalog.get("slack").unwrap();
    let of = AddressFor::OperatorsApp(slack);
    let acting = integrations_core::audit::Acting {
        actor: integrations_core::audit::Actor::Operator,
        request_id: None,
    };
    let events = &server.app.services.provider_events;
    events.set_secret(of, "SECRET-of-the-operator", std::time::Duration::ZERO, acting).await.unwrap();
    let operators = events.address(of, true).await.unwrap().url.unwrap();
    let operators = path_of(&json!({"url": operators}));
    assert_eq!(server.slack(&operators, "SECRET-of-the-operator", &message("Ev4", "T1")).await, 200);
    assert_eq!(receiver.received().len(), 2);
    server.call("DELETE", &server.app("slack")).send().await;
    assert_eq!(server.slack(&operators, "SECRET-of-the-operator", &message("Ev5", "T1")).await, 200);
    receiver.wait_for(4).await;
}

async fn a_challenge_is_answered_and_nothing_is_kept(server: &Server, _: &Receiver) {
    let path = server.listen_to_slack().await;
    let challenge = json!({"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "type": "url_verification"});
    let reply = send(server, Method::POST, &path, &[], challenge.to_string()).await;
    assert_eq!(reply.status, 200);
    let answer: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(answer, json!({"challenge": challenge["challenge"]}));
    assert_eq!(server.slack(&path, SIGNING, &challenge).await, 200);
    assert_eq!(server.slack(&path, "another", &challenge).await, 401);
    for table in ["provider_events", "event_once"] {
        assert_eq!(server.sql.count(&format!("SELECT COUNT(*) FROM {table}"), []).await, 0);
    }
}

async fn an_event_that_ends_access_brings_the_check_forward(server: &Server, _: &Receiver) {
    let path = server.listen_to_slack().await;
    server.install("slack").await;
    server.is_of("slack", "T1").await;
    let later = server.now() + time::Duration::hours(1);
    server.sql.execute("UPDATE monitors SET due_at = $1, probe_at = $1", [later.into()]).await;
    let due = async || {
        let sql = "SELECT COUNT(*) FROM monitors WHERE due_at <= $1";
        server.sql.count(sql, [server.now().into()]).await
    };
    assert_eq!(due().await, 0);
    let ended = |id: &str, bot: Value, at: i64| {
        json!({"type": "event_callback", "event_id": id, "team_id": "T1", "event_time": at,
               "event": {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": bot}}})
    };
    let now = server.now().unix_timestamp();
    // Of a person's token, and of a connection before this one.
    assert_eq!(server.slack(&path, SIGNING, &ended("1", json!([]), now)).await, 200);
    assert_eq!(server.slack(&path, SIGNING, &ended("2", json!(["U2"]), now - 120)).await, 200);
    assert_eq!(due().await, 0);
    assert_eq!(server.slack(&path, SIGNING, &ended("3", json!(["U2"]), now)).await, 200);
    assert_eq!(due().await, 1);
    assert_eq!(server.integration("slack").await["status"], "active", "the check decides");
}

async fn each_event_of_a_batch_is_routed_by_itself(server: &Server, receiver: &Receiver) {
    server.set_app("hubspot").await;
    let line = json!({"provider": "hubspot", "credential": {"access_token": "SECRET", "refresh_token": null, "expires_at": null}});
    server.try_import(&line.to_string()).await.unwrap();
    server.is_of("hubspot", "11").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let source = server.call("GET", &server.app("hubspot/event-source")).send().await;
    assert_eq!(
        (&source.data()["secret_source"], &source.data()["secret_status"]),
        (&json!("client_secret"), &json!("set"))
    );
    let url = source.data()["url"].as_str().unwrap().to_owned();
    let set = server
        .call("PUT", &server.app("hubspot/event-source/secret"))
        .json(&json!({"secret": "x"}))
        .send()
        .await;
    set.refused(409, "CONFLICT");
    let event = |id: u32, portal: u32| {
        json!({"eventId": id, "portalId": portal, "subscriptionId": 1, "subscriptionType": "contact.creation",
               "occurredAt": 1_772_359_190_000_i64, "attemptNumber": 0})
    };
    let batch = async |events: Value| {
        let at = (server.now().unix_timestamp() * 1000).to_string();
        let body = format!(" {events}\n");
        let parts = [b"POST", url.as_bytes(), body.as_bytes(), at.as_bytes()];
        let signature = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            mac("SECRET-of-hubspot", &parts),
        );
        let headers = [
            ("x-hubspot-signature-v3", signature.as_str()),
            ("x-hubspot-request-timestamp", at.as_str()),
            ("content-type", "application/json"),
            ("x-forwarded-host", "elsewhere.example"),
        ];
        post(server, &path_of(&json!({"url": url})), &headers, body.as_bytes()).await
    };
    assert_eq!(batch(json!([event(1, 11)])).await, 200);
    assert_eq!(batch(json!([event(2, 11), event(1, 11), event(3, 99)])).await, 200);
    server.delivered(&webhook, &["delivered"; 2]).await;
    let told: Vec<_> =
        forwarded(&receiver.received()).iter().map(|event| event["provider_event_id"].clone()).collect();
    assert_eq!(told, ["1", "2"]);
    assert_eq!(forwarded(&receiver.received())[1]["body"], event(2, 11).to_string());
    // More than one statement holds are told in one transaction, and stay in their order.
    let many: Vec<Value> = (100..220).map(|id| event(id, 11)).collect();
    assert_eq!(batch(json!(many)).await, 200);
    let received = receiver.wait_for(122).await;
    let ids: Vec<String> = forwarded(&received)[2..]
        .iter()
        .map(|event| event["provider_event_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, (100..220).map(|id| id.to_string()).collect::<Vec<_>>());
    let sequence: Vec<_> = received.iter().map(|told| told.json()["sequence"].as_i64().unwrap()).collect();
    assert!(sequence.is_sorted_by(|one, next| one < next), "{sequence:?}");
}

async fn what_is_asked_after_the_end_is_forwarded(server: &Server, receiver: &Receiver) {
    server.set_app("shopify").await;
    server.install("shopify").await;
    server.is_of("shopify", "acme").await;
    let webhook = server.webhook(&receiver.url("/"), &["provider.event"]).await;
    let source = server.call("GET", &server.app("shopify/event-source")).send().await;
    let path = path_of(source.data());
    let topic = async |topic: &str, id: &str, secret: &str| {
        let body = json!({"shop_domain": "acme.myshopify.com"}).to_string();
        let signature = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            mac(secret, &[body.as_bytes()]),
        );
        let headers = [
            ("x-shopify-hmac-sha256", signature.as_str()),
            ("x-shopify-topic", topic),
            ("x-shopify-webhook-id", id),
            ("x-shopify-shop-domain", "acme.myshopify.com"),
        ];
        post(server, &path, &headers, body.as_bytes()).await
    };
    assert_eq!(topic("customers/redact", "1", "wrong").await, 401);
    // A client secret that is replaced counts for a day.
    let set = async |secret: &str| {
        let app = json!({"client_id": "client", "client_secret": secret});
        server.call("PUT", &server.app("shopify")).json(&app).send().await.data();
    };
    set("SECRET-the-next").await;
    assert_eq!(topic("customers/redact", "0", "SECRET-of-shopify").await, 200);
    assert_eq!(topic("customers/redact", "0", "SECRET-the-next").await, 200, "it is the same event");
    server.clock.advance(time::Duration::days(1));
    assert_eq!(topic("customers/redact", "0", "SECRET-of-shopify").await, 401);
    set("SECRET-of-shopify").await;
    assert_eq!(topic("orders/create", "1", "SECRET-of-shopify").await, 200);
    // The same webhook id on another topic is another event.
    assert_eq!(topic("orders/paid", "1", "SECRET-of-shopify").await, 200);
    server.delete("shopify").await.data();
    assert_eq!(topic("orders/create", "2", "SECRET-of-shopify").await, 200);
    assert_eq!(topic("shop/redact", "3", "SECRET-of-shopify").await, 200);
    server.delivered(&webhook, &["delivered"; 4]).await;
    let kinds: Vec<_> = forwarded(&receiver.received()).iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["customers/redact", "orders/create", "orders/paid", "shop/redact"]);
}

async fn a_secret_that_is_brought_is_taken_once_while_somebody_waits(server: &Server, _: &Receiver) {
    let notion = server.app.services.catalog.get("notion").unwrap();
    let (of, events) = (AddressFor::OperatorsApp(notion), &server.app.services.provider_events);
    let acting = || integrations_core::audit::Acting {
        actor: integrations_core::audit::Actor::Operator,
        request_id: None,
    };
    let path = path_of(&json!({"url": events.address(of, true).await.unwrap().url.unwrap()}));
    let bring = async |token: &str| {
        post(server, &path, &[], json!({"verification_token": token}).to_string().as_bytes()).await
    };
    let (one, other) = ("secret_SECRETtokenofnotion1", "secret_SECRETtokenofnotion2");
    assert_eq!(bring(one).await, 401, "nobody waits");
    events.await_secret(of, acting()).await.unwrap();
    assert_eq!((bring(one).await, bring(one).await, bring(other).await), (200, 200, 401));
    assert!(events.address(of, true).await.unwrap().to_be_shown);
    assert_eq!(events.show_secret(of, acting()).await.unwrap().as_deref(), Some(one));
    assert_eq!(events.show_secret(of, acting()).await.unwrap(), None);
    let body = json!({"id": "1", "type": "page.created", "workspace_id": "w"}).to_string();
    let signature = format!("sha256={}", hex(&mac(one, &[body.as_bytes()])));
    assert_eq!(post(server, &path, &[("x-notion-signature", &signature)], body.as_bytes()).await, 200);
}
