//! Events that providers send: what is taken and forwarded, and what is refused.

mod apps;
mod connections;
mod doors;
mod former;
mod kills;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Method};
use riq_server::store::Tenant;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::{
    support::{
        Answer, Server, eventually,
        receiver::{Received, Receiver},
    },
    webhooks::on_both_with_receiver,
};

on_both_with_receiver!(
    an_event_is_forwarded_once_with_the_providers_own_body,
    what_a_database_cannot_hold_is_taken_all_the_same,
    what_is_not_the_providers_is_refused_and_counted,
    a_secret_that_is_replaced_counts_for_a_while,
    events_that_arrive_at_once_are_each_verified_and_forwarded_as_their_own,
    a_connection_that_is_made_anew_has_another_address,
    a_token_that_was_used_signs_no_other_event,
    what_could_not_be_stored_is_taken_when_it_comes_again,
    a_body_that_is_too_large_to_forward_can_be_read,
    old_events_go_and_claims_outlive_their_bodies,
    public_keys_verify_and_pings_are_answered,
);

/// Long enough for anything on any machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A reason, the status, and the headers and the body of a request that is refused for it.
type Case<'a> = (&'a str, u16, Vec<(&'a str, String)>, &'a [u8]);
pub(crate) const SECRET: &str = "whsec_SECRETofstripe";

/// An answer to a provider. It has no envelope.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Sends a request to an address, with these headers.
pub(crate) async fn send(
    server: &Server,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Reply {
    let url = format!("http://{}{path}", server.address);
    let mut request = server.client().request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let reply = Reply { status, headers, text: response.text().await.unwrap() };
    // What is no address of this form is answered by the edge.
    assert!(status < 400 || status == 404 || reply.text.is_empty(), "{reply:?}");
    assert!(!matches!(status, 429 | 503) || reply.headers.contains_key("retry-after"), "{reply:?}");
    reply
}

pub(crate) async fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8]) -> u16 {
    send(server, Method::POST, path, headers, body.to_vec()).await.status
}

pub(crate) fn mac(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What Stripe's header says of a body.
pub(crate) fn by_stripe(secret: &str, at: OffsetDateTime, body: &[u8]) -> String {
    let at = at.unix_timestamp().to_string();
    format!("t={at},v1={}", hex(&mac(secret, &[at.as_bytes(), b".", body])))
}

impl Server {
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.app.services.environment.now()
    }

    pub(crate) async fn event_source(&self, provider: &str) -> Value {
        self.get(&format!("/{provider}/event-source")).await.data().clone()
    }

    /// The path of an integration's address.
    pub(crate) async fn hook(&self, provider: &str) -> String {
        path_of(&self.event_source(provider).await)
    }

    async fn set_event_secret(&self, provider: &str, body: Value) -> Answer {
        self.call("PUT", &self.at(&format!("/{provider}/event-source/secret"))).json(&body).send().await
    }

    /// Installs a provider, enters the secret of its events, and returns the path of its address.
    pub(crate) async fn listen(&self, provider: &str, secret: &str) -> String {
        self.install(provider).await;
        let set = self.set_event_secret(provider, json!({"secret": secret})).await;
        assert_eq!(set.data()["secret_status"], "set");
        self.hook(provider).await
    }

    /// Posts an event as Stripe signs it.
    async fn stripe(&self, path: &str, body: &[u8]) -> u16 {
        let signature = by_stripe(SECRET, self.now(), body);
        post(self, path, &[("stripe-signature", &signature)], body).await
    }

    /// Waits until so many requests were refused for a reason.
    pub(crate) async fn refused(&self, provider: &str, reason: &str, count: u64) -> Value {
        let mut found = Value::Null;
        eventually(&format!("{count} times {reason}"), PATIENCE, async || {
            let source = self.event_source(provider).await;
            let all = source["refusals"].as_array().unwrap().clone();
            let of_reason: Vec<_> = all.into_iter().filter(|one| one["reason"] == reason).collect();
            found = of_reason.first().cloned().unwrap_or_default();
            of_reason.iter().map(|one| one["count"].as_u64().unwrap()).sum::<u64>() == count
        })
        .await;
        found
    }
}

pub(crate) fn path_of(source: &Value) -> String {
    let url: url::Url = source["url"].as_str().unwrap().parse().unwrap();
    url.path().to_owned()
}

/// The events of a provider among what a receiver got.
pub(crate) fn forwarded(received: &[Received]) -> Vec<Value> {
    let events = received.iter().filter(|message| message.kind() == "provider.event");
    events.map(|message| message.json()["data"]["event"].clone()).collect()
}

async fn an_event_is_forwarded_once_with_the_providers_own_body(server: &Server, receiver: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let webhook = server.webhook(&receiver.url("/"), &["provider.*"]).await;
    let body = "{\"id\": \"evt_1\",\"type\":\"charge.refunded\",\n \"created\": 1772359199, \"of\":\"SECRET-customer ☃\"}";
    assert_eq!(server.stripe(&path, body.as_bytes()).await, 200);
    // The same event again, at the other form of the address, and for another host.
    let signature = by_stripe(SECRET, server.now(), body.as_bytes());
    let headers = [("stripe-signature", signature.as_str()), ("host", "inner.example:8080")];
    assert_eq!(post(server, &format!("{path}/"), &headers, body.as_bytes()).await, 200);
    server.clock.advance(time::Duration::seconds(1));
    assert_eq!(server.stripe(&path, b"{\"id\":\"evt_2\",\"type\":\"charge.failed\"}").await, 200);
    let received = receiver.wait_for(2).await;
    server.delivered(&webhook, &["delivered"; 2]).await;
    assert_eq!(receiver.received().len(), 2);
    assert!(received.iter().all(|message| message.is_signed_with(&webhook.secret)));
    assert!(received[0].is_standard_with(&webhook.secret));
    let message = received[0].json();
    let event = &message["data"]["event"];
    assert_eq!(message["data"]["integration"]["provider"], "stripe");
    assert_eq!((&event["body"], &event["type"]), (&json!(body), &json!("charge.refunded")));
    assert_eq!((&event["provider_event_id"], &event["is_body_signed"]), (&json!("evt_1"), &json!(true)));
    assert_eq!(event["occurred_at"], "2026-03-01T09:59:59Z");
    assert_eq!((&event["body_size"], &event["is_repeat"]), (&json!(body.len()), &json!(false)));
    // What is kept can be read.
    let list = server.get("/stripe/events").await;
    let kinds: Vec<_> = list.body["data"].as_array().unwrap().iter().map(|one| one["type"].clone()).collect();
    assert_eq!(kinds, ["charge.failed", "charge.refunded"]);
    let some = server.get("/stripe/events?limit=1&type=charge.refunded").await;
    assert_eq!((&some.body["data"][0]["id"], &some.body["has_more"]), (&event["id"], &json!(false)));
    let page = server.get("/stripe/events?limit=1").await;
    let next = server.get(&format!("/stripe/events?cursor={}", page.body["cursor"].as_str().unwrap())).await;
    assert_eq!(next.body["data"][0]["id"], event["id"]);
    let id = event["id"].as_str().unwrap();
    let tenant = Tenant { organization: server.organization, project: server.project };
    let stripe = server.app.services.catalog.account("stripe").unwrap();
    let shown = server.app.services.provider_events.event(&tenant, &stripe, id.parse().unwrap()).await;
    assert_eq!(shown.unwrap().1.unwrap().expose_secret(), body.as_bytes());
    let other = server.get("/stripe/events/pev_00000000000000000000000001").await;
    other.refused(404, "RESOURCE_NOT_FOUND");
}

async fn what_a_database_cannot_hold_is_taken_all_the_same(server: &Server, receiver: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let bodies: [&[u8]; 3] = [
        br#"{"id":"a\u0000b","type":"\u0000t\ud800"}"#,
        br#"{"id":"\u0000","type":null,"data":"\u0000"}"#,
        b"{\"id\":\"bytes\",\"type\":\"x\",\"data\":\"\xff\"}",
    ];
    for body in bodies {
        assert_eq!(server.stripe(&path, body).await, 200);
    }
    receiver.wait_for(3).await;
    server.delivered(&webhook, &["delivered"; 3]).await;
    let events = forwarded(&receiver.received());
    assert_eq!((&events[0]["provider_event_id"], &events[0]["type"]), (&json!("ab"), &json!("t")));
    assert_eq!(events[0]["body"].as_str().unwrap().as_bytes(), bodies[0]);
    assert_eq!(events[1]["provider_event_id"], Value::Null);
    assert_eq!(events[2]["body_base64"], STANDARD.encode(bodies[2]));
}

async fn what_is_not_the_providers_is_refused_and_counted(server: &Server, receiver: &Receiver) {
    server.install("stripe").await;
    let webhook = server.webhook(&receiver.url("/"), &["provider.event"]).await;
    let (path, body) =
        (server.hook("stripe").await, b"{\"id\":\"evt_1\",\"type\":\"charge.refunded\"}".as_slice());
    // Without a secret nothing is taken, and the provider sends it again.
    assert_eq!(server.stripe(&path, body).await, 503);
    let told = server.refused("stripe", "no_secret", 1).await;
    assert!(told["message"].as_str().unwrap().contains("Enter it on this page"), "{told}");
    for (bad, hint) in
        [("v1,whsec_x", "Leave out v1"), ("rk_live_x", "This is an API key"), ("", "is missing")]
    {
        let refused = server.set_event_secret("stripe", json!({"secret": bad})).await;
        refused.refused(400, "BAD_REQUEST");
        assert!(refused.issues()[0].contains(hint), "{refused:?}");
    }
    server.set_event_secret("stripe", json!({"secret": format!(" {SECRET}\n")})).await.data();
    let right = by_stripe(SECRET, server.now(), body);
    let signed = |value: String| vec![("stripe-signature", value)];
    let old = server.now() - time::Duration::seconds(301);
    let cases: [Case<'_>; 7] = [
        ("wrong_signature", 401, signed(by_stripe("whsec_other", server.now(), body)), body),
        ("wrong_signature", 401, signed(right.clone()), &body[..body.len() - 1]),
        ("wrong_signature", 401, signed(right.clone()), b"{\"id\": \"evt_1\",\"type\":\"charge.refunded\"}"),
        ("not_signed", 401, Vec::new(), body),
        ("malformed_signature", 401, signed("t=1,v1=zz".to_owned()), body),
        ("stale", 401, signed(by_stripe(SECRET, old, body)), body),
        ("unreadable", 400, signed(by_stripe(SECRET, server.now(), b"[1")), b"[1"),
    ];
    for (reason, status, headers, body) in &cases {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(post(server, &path, &headers, body).await, *status, "{reason}");
    }
    server.refused("stripe", "wrong_signature", 3).await;
    let unsigned = server.refused("stripe", "not_signed", 1).await;
    assert_eq!(unsigned["claimed_type"], "charge.refunded");
    for reason in ["malformed_signature", "stale", "unreadable"] {
        server.refused("stripe", reason, 1).await;
    }
    // Misdirected: signed for another integration.
    let other = server.listen("stripe~eu", "whsec_SECRETofeu").await;
    assert_eq!(post(server, &other, &[("stripe-signature", &right)], body).await, 401);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
        let reply = send(server, method, &path, &[], "").await;
        assert_eq!((reply.status, reply.headers["allow"].to_str().unwrap()), (405, "POST"));
    }
    let large = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(post(server, &path, &[("stripe-signature", &right)], &large).await, 413);
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(large)]);
    let chunked = reqwest::Body::wrap_stream(chunks);
    let reply = send(server, Method::POST, &path, &[("stripe-signature", &right)], chunked).await;
    assert_eq!(reply.status, 413);
    server.refused("stripe", "too_large", 2).await;
    for unknown in
        [format!("{path}x"), path.replace("evs_", "evs_0"), "/hooks".to_owned(), "/hooks/a/b/c".to_owned()]
    {
        assert_eq!(server.stripe(&unknown, body).await, 404, "{unknown}");
    }
    assert_eq!(server.stripe(&path, body).await, 200);
    server.delivered(&webhook, &["delivered"]).await;
    assert_eq!(receiver.received().len(), 1);
}

async fn a_secret_that_is_replaced_counts_for_a_while(server: &Server, _: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let new = "whsec_SECRETofthenew";
    let replaced = server.set_event_secret("stripe", json!({"secret": new, "overlap_seconds": 3600})).await;
    assert_eq!(replaced.data()["secret_status"], "replaced");
    assert_eq!(replaced.data()["old_secret_until"], "2026-03-01T11:00:00Z");
    let signed = async |secret: &str, id: &str| {
        let body = json!({"id": id, "type": "x"}).to_string();
        let signature = by_stripe(secret, server.now(), body.as_bytes());
        post(server, &path, &[("stripe-signature", &signature)], body.as_bytes()).await
    };
    assert_eq!((signed(SECRET, "1").await, signed(new, "2").await), (200, 200));
    server.clock.advance(time::Duration::hours(1));
    assert_eq!((signed(SECRET, "3").await, signed(new, "4").await), (401, 200));
    server.set_event_secret("stripe", json!({"secret": SECRET})).await.data();
    assert_eq!((signed(SECRET, "5").await, signed(new, "6").await), (200, 401));
    let recorded = server.audit("stripe").await;
    let set = recorded.iter().filter(|event| event["action"] == "event_source.secret_set").count();
    assert_eq!(set, 3);
}

async fn events_that_arrive_at_once_are_each_verified_and_forwarded_as_their_own(
    server: &Server,
    receiver: &Receiver,
) {
    const PROVIDERS: [&str; 4] = ["stripe~one", "stripe~two", "stripe~three", "stripe~damaged"];
    let webhook = server.webhook(&receiver.url("/"), &["provider.event"]).await;
    let mut paths = Vec::new();
    let secret_of = |at: usize| format!("whsec_SECRETnumber{at}");
    for (at, provider) in PROVIDERS.into_iter().enumerate() {
        paths.push(server.listen(provider, &secret_of(at)).await);
    }
    // A secret that cannot be read is our own trouble, and that of its address alone.
    let damage = "UPDATE event_secrets SET source_id = source_id, id = 'x' WHERE source_id = $1";
    let source = paths[3].split('/').nth(2).unwrap().to_owned();
    assert_eq!(server.sql.execute(damage, [source.into()]).await, 1);
    let mut asking = Vec::new();
    for number in 0..12 {
        for (at, path) in paths.iter().enumerate() {
            let body = format!("{{\"id\":\"evt_{at}_{number}\",\"type\":\"x\"}}");
            // Every third is signed with another's secret.
            let signer = if number % 3 == 2 { (at + 1) % 3 } else { at };
            let signature = by_stripe(&secret_of(signer), server.now(), body.as_bytes());
            let url = format!("http://{}{path}", server.address);
            let request = server.client().post(url).header("stripe-signature", signature).body(body);
            asking.push((at, number, tokio::spawn(request.send())));
        }
    }
    for (at, number, sent) in asking {
        let status = sent.await.unwrap().unwrap().status().as_u16();
        let expected = match (at, number % 3) {
            (3, _) => 503,
            (_, 2) => 401,
            _ => 200,
        };
        assert_eq!(status, expected, "{number} at {}", PROVIDERS[at]);
    }
    server.delivered(&webhook, &["delivered"; 24]).await;
    for message in receiver.received() {
        let message = message.json();
        let event = &message["data"]["event"];
        let of = PROVIDERS.iter().position(|one| message["data"]["integration"]["provider"] == *one).unwrap();
        let id = event["provider_event_id"].as_str().unwrap();
        assert!(id.starts_with(&format!("evt_{of}_")), "{message}");
        assert_eq!(event["body"], format!("{{\"id\":\"{id}\",\"type\":\"x\"}}"));
    }
}

async fn a_connection_that_is_made_anew_has_another_address(server: &Server, _: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let body = b"{\"id\":\"evt_1\",\"type\":\"x\"}";
    // Who may not change integrations does not see the address.
    let reader = server.key_for(&["integrations:read"]).await;
    let seen = server.call_as(&reader.text, "GET", &server.at("/stripe/event-source")).send().await;
    assert_eq!((&seen.data()["url"], &seen.data()["secret_status"]), (&Value::Null, &json!("set")));
    server.delete("stripe").await.data();
    assert_eq!(server.stripe(&path, body).await, 404);
    assert_eq!(server.event_source("stripe").await["url"], Value::Null);
    server.set_event_secret("stripe", json!({"secret": SECRET})).await.refused(409, "CONFLICT");
    let anew = server.listen("stripe", SECRET).await;
    assert_ne!(path, anew);
    assert_eq!((server.stripe(&path, body).await, server.stripe(&anew, body).await), (404, 200));
    server.revoke_project().await;
    assert_eq!(server.stripe(&anew, body).await, 404);
}

async fn a_token_that_was_used_signs_no_other_event(server: &Server, receiver: &Receiver) {
    let line = json!({"provider": "mailgun", "connection": {"region": "api"}, "credential": {"api_key": "SECRET-key"}});
    server.try_import(&line.to_string()).await.unwrap();
    server.set_event_secret("mailgun", json!({"secret": "SECRET-signing-key-of-mailgun"})).await.data();
    let (path, at) = (server.hook("mailgun").await, server.now().unix_timestamp().to_string());
    let token = "c".repeat(50);
    let signature = hex(&mac("SECRET-signing-key-of-mailgun", &[at.as_bytes(), token.as_bytes()]));
    let body = |id: &str| {
        let signature = json!({"timestamp": at, "token": token, "signature": signature});
        json!({"signature": signature, "event-data": {"id": id, "event": "opened"}}).to_string()
    };
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let json = [("content-type", "application/json")];
    assert_eq!(post(server, &path, &json, body("1").as_bytes()).await, 200);
    assert_eq!(post(server, &path, &json, body("2").as_bytes()).await, 406);
    assert_eq!(post(server, &path, &json, body("1").as_bytes()).await, 200, "a repeat is taken");
    server.refused("mailgun", "replayed", 1).await;
    server.delivered(&webhook, &["delivered"]).await;
    assert_eq!(forwarded(&receiver.received())[0]["is_body_signed"], false);
}

async fn what_could_not_be_stored_is_taken_when_it_comes_again(server: &Server, receiver: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let body = b"{\"id\":\"evt_1\",\"type\":\"x\"}";
    let rename = async |from: &str, to: &str| {
        server.sql.execute(&format!("ALTER TABLE {from} RENAME TO {to}"), []).await;
    };
    // The event can be stored, and what is told of it cannot.
    rename("webhook_deliveries", "away").await;
    assert_eq!(server.stripe(&path, body).await, 503);
    rename("away", "webhook_deliveries").await;
    assert_eq!(server.stripe(&path, body).await, 200);
    server.delivered(&webhook, &["delivered"]).await;
    assert_eq!(forwarded(&receiver.received()).len(), 1);
}

async fn a_body_that_is_too_large_to_forward_can_be_read(server: &Server, receiver: &Receiver) {
    let path = server.listen("github", "SECRET-of-github").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let body = json!({"action": "opened", "text": "x".repeat(1024 * 1024)}).to_string();
    let signature = format!("sha256={}", hex(&mac("SECRET-of-github", &[body.as_bytes()])));
    let headers = [
        ("x-hub-signature-256", signature.as_str()),
        ("x-github-event", "issues"),
        ("x-github-delivery", "d1"),
    ];
    assert_eq!(post(server, &path, &headers, body.as_bytes()).await, 200);
    server.delivered(&webhook, &["delivered"]).await;
    let event = forwarded(&receiver.received()).remove(0);
    assert_eq!((&event["body_omitted"], event.get("body")), (&json!("too_large"), None));
    assert_eq!(
        (&event["type"], &event["headers"]["x-github-event"]),
        (&json!("issues.opened"), &json!("issues"))
    );
    let shown = server.get(&format!("/github/events/{}", event["id"].as_str().unwrap())).await;
    assert_eq!(shown.data()["body"], json!(body));
    // A form is signed as it is, and its JSON is what is forwarded.
    let form = "payload=%7B%22a%22%3A1%7D";
    let signature = format!("sha256={}", hex(&mac("SECRET-of-github", &[form.as_bytes()])));
    let headers = [
        ("x-hub-signature-256", signature.as_str()),
        ("x-github-event", "push"),
        ("x-github-delivery", "d2"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    assert_eq!(post(server, &path, &headers, form.as_bytes()).await, 200);
    receiver.wait_for(2).await;
    assert_eq!(forwarded(&receiver.received())[1]["body"], "{\"a\":1}");
}

async fn old_events_go_and_claims_outlive_their_bodies(server: &Server, receiver: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    server.set_event_secret("stripe", json!({"secret": SECRET, "overlap_seconds": 3600})).await.data();
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let body = b"{\"id\":\"evt_1\",\"type\":\"x\"}";
    assert_eq!(server.stripe(&path, body).await, 200);
    server.delivered(&webhook, &["delivered"]).await;
    // Stripe repeats for three days, so the claim lives as long.
    server.clock.advance(time::Duration::days(2));
    let now = server.now();
    let prune = async |before: OffsetDateTime, now| {
        server.store.prune_provider_events((before, before), now, 10).await.unwrap()
    };
    assert_eq!(prune(now - time::Duration::days(3), now).await, 0);
    assert_eq!(prune(now, now).await, 1);
    let shown = server.get("/stripe/events").await;
    let shown =
        server.get(&format!("/stripe/events/{}", shown.body["data"][0]["id"].as_str().unwrap())).await;
    assert_eq!((&shown.data()["body"], &shown.data()["body_size"]), (&Value::Null, &json!(body.len())));
    assert_eq!(server.stripe(&path, body).await, 200, "it is still known");
    let delivery = server.deliveries(&webhook).await[0]["id"].as_str().unwrap().to_owned();
    let again = server.webhooks(&format!("/{}/deliveries/{delivery}/redeliver", webhook.id));
    assert!(server.call("POST", &again).send().await.status < 300);
    receiver.wait_for(2).await;
    assert_eq!(forwarded(&receiver.received())[1]["body_omitted"], "expired");
    server.clock.advance(time::Duration::days(2));
    assert_eq!(prune(server.now(), server.now()).await, 1);
    server.store.prune_event_claims(server.now()).await.unwrap();
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM provider_events", []).await, 0);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM event_secrets", []).await, 1);
    assert_eq!(server.stripe(&path, body).await, 200);
    receiver.wait_for(3).await;
}

async fn public_keys_verify_and_pings_are_answered(server: &Server, receiver: &Receiver) {
    let url = "https://discord.com/api/webhooks/123456789012345678/SECRET-token";
    let line = json!({"provider": "discord", "credential": {"webhook_url": url}});
    server.try_import(&line.to_string()).await.unwrap();
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = hex(key.verifying_key().as_bytes());
    server.set_event_secret("discord", json!({"secret": public})).await.data();
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let (path, at) = (server.hook("discord").await, server.now().unix_timestamp().to_string());
    let signed = async |body: &str| {
        let signature = hex(&key.sign(format!("{at}{body}").as_bytes()).to_bytes());
        let headers = [("x-signature-ed25519", signature.as_str()), ("x-signature-timestamp", at.as_str())];
        send(server, Method::POST, &path, &headers, body.to_owned()).await
    };
    for (signature, status) in [("zz", 401), (&*"00".repeat(64), 401), ("", 401)] {
        let headers = [("x-signature-ed25519", signature), ("x-signature-timestamp", at.as_str())];
        assert_eq!(post(server, &path, &headers, b"{\"type\":0}").await, status);
    }
    let ping = signed("{\"type\":0}").await;
    assert_eq!((ping.status, ping.text.as_str()), (204, ""));
    let event = r#"{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED","timestamp":"2026-03-01T09:59:58"}}"#;
    assert_eq!(signed(event).await.status, 204);
    server.delivered(&webhook, &["delivered"]).await;
    assert_eq!(forwarded(&receiver.received())[0]["type"], "APPLICATION_AUTHORIZED");
}
