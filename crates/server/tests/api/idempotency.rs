//! Requests that are repeated with the same `Idempotency-Key`: they change nothing a second time, whoever dies between.

mod kills;

use std::{collections::BTreeSet, time::Duration as Std};

use futures_util::future::join_all;
use riq_server::{
    environment::Clock as _,
    services::idempotency::Repeat,
    store::{KeyedRequest, Sealed},
    vault::Vault,
};
use riq_testing::providers::desk_and_keys::Says;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Answer, Backend, Server,
    database::Sql,
    eventually,
    played::{Stage, on_stage_with_timeout},
    server::{ENCRYPTION_KEYS, Key},
    specification::{Operation, PROVIDER, operations},
};

/// Makes two tests of each named `async fn(&Stage)`, one for each database. An integration's lease is shorter than that
/// of a request.
macro_rules! on_both_stages_with_short_leases {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::on_short_stage(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::on_short_stage(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

on_both!(
    a_repeat_gets_the_first_answer_and_changes_nothing,
    an_answer_is_remembered_for_a_day,
    a_link_that_has_ended_is_not_shown_again,
    another_body_or_query_is_refused,
    another_key_project_or_route_is_another_request,
    a_refusal_is_not_remembered,
    rights_are_checked_before_a_repeat_is_answered,
    what_a_narrowed_key_may_not_see_is_not_repeated,
    an_unusable_key_is_refused_by_every_post_alone,
    a_repeat_shows_no_secret,
    a_hundred_at_once_change_once,
    a_hundred_new_ones_at_once_are_all_made,
    who_lost_its_lease_neither_answers_nor_frees,
    what_is_remembered_is_sealed_and_swept,
);
on_both_stages_with_short_leases!(
    every_post_is_remembered,
    a_hundred_checks_at_once_ask_the_provider_once,
    a_check_under_way_is_a_conflict_until_its_lease_ends,
    a_check_goes_on_though_its_client_is_gone,
    a_check_that_asked_nobody_is_tried_again,
);

const HEADER: &str = "idempotency-key";
/// Long enough for anything on any machine.
const PATIENCE: Std = Std::from_secs(60);

async fn on_short_stage(backend: Backend, test: impl AsyncFnOnce(&Stage)) {
    on_stage_with_timeout(backend, Std::from_secs(20), test).await;
}

/// Asks for an install URL with this key.
async fn ask(server: &Server, provider: &str, key: &str) -> Answer {
    ask_at(server, &server.at(&format!("/{provider}/install-url")), key).await
}

async fn ask_at(server: &Server, target: &str, key: &str) -> Answer {
    server.call("POST", target).header(HEADER, key).send().await
}

/// The install URL of an answer, and whether it was given before.
fn link(answer: &Answer) -> (String, bool) {
    let replayed = answer.header("idempotent-replayed");
    assert!(replayed.is_none_or(|word| word == "true"), "{answer:?}");
    (answer.data()["install_url"].as_str().unwrap().to_owned(), replayed.is_some())
}

async fn links(sql: &Sql) -> i64 {
    sql.count("SELECT COUNT(*) FROM install_links", []).await
}

async fn a_repeat_gets_the_first_answer_and_changes_nothing(server: &Server) {
    let first = ask(server, "slack", "k").await;
    let (url, is_repeat) = link(&first);
    assert!(!is_repeat);
    let other_base = server.at("/slack/install-url").replace("/api/v1/", "/v1/");
    let encoded = server.at("/%73lack/install-url");
    for target in [server.at("/slack/install-url"), other_base, encoded] {
        let again = ask_at(server, &target, "k").await;
        assert_eq!(link(&again), (url.clone(), true), "{target}");
        assert_eq!(again.text, first.text);
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    assert_eq!(links(&server.sql).await, 1);
    // Without the header, and with another key, it is a request of its own.
    let (other, is_repeat) = link(&ask(server, "slack", "K").await);
    assert!(other != url && !is_repeat);
    let without = server.call("POST", &server.at("/slack/install-url")).send().await;
    assert!(link(&without).0 != url);
    assert_eq!(links(&server.sql).await, 3);
}

async fn an_answer_is_remembered_for_a_day(server: &Server) {
    let (url, _) = link(&ask(server, "slack", "k").await);
    server.clock.advance(Duration::hours(24) - Duration::microseconds(1));
    assert!(link(&ask(server, "slack", "k").await).1);
    assert_eq!(links(&server.sql).await, 1);
    server.clock.advance(Duration::microseconds(1));
    let (next, is_repeat) = link(&ask(server, "slack", "k").await);
    assert!(next != url && !is_repeat);
    assert_eq!(link(&ask(server, "slack", "k").await), (next, true));
}

/// The same answer again, without its secret: the address of the page, and what became of the link.
async fn a_link_that_has_ended_is_not_shown_again(server: &Server) {
    for way in ["used", "expired"] {
        let (url, _) = link(&ask(server, "slack", way).await);
        let (page, token) = url.split_once("?session=").unwrap();
        assert_eq!(link(&ask(server, "slack", way).await), (url.clone(), true));
        if way == "used" {
            server.sql.execute("UPDATE install_links SET used_at = created_at", []).await;
        } else {
            server.clock.advance(Duration::minutes(30));
        }
        let again = ask(server, "slack", way).await;
        assert_eq!(link(&again), (page.to_owned(), true));
        assert!(!again.text.contains(token), "{again:?}");
        let message = again.data()["message"].as_str().unwrap();
        assert!(message.contains("has ended") && message.contains("new Idempotency-Key"), "{message}");
    }
    assert_eq!(links(&server.sql).await, 2);
    let (url, is_repeat) = link(&ask(server, "slack", "another").await);
    assert!(url.contains("?session=") && !is_repeat);
}

async fn another_body_or_query_is_refused(server: &Server) {
    let target = server.at("/slack/install-url");
    link(&ask_at(server, &target, "k").await);
    let call = || server.call("POST", &target).header(HEADER, "k");
    for call in [
        call().json(&json!({})),
        // Whatever it says: it is compared before it is read.
        call().body("application/json", "not JSON"),
        server.call("POST", &format!("{target}?a=b")).header(HEADER, "k"),
    ] {
        let refused = call.send().await;
        refused.refused(409, "IDEMPOTENCY_CONFLICT");
        assert!(refused.message().contains("send a new key"), "{refused:?}");
    }
    assert_eq!(links(&server.sql).await, 1);
}

async fn another_key_project_or_route_is_another_request(server: &Server) {
    let (first, _) = link(&ask(server, "slack", "k").await);
    let project = server.other_project().await;
    let other: Key = server.key_for(&["integrations:write"]).await;
    let elsewhere =
        server.at("/slack/install-url").replace(&server.project.to_string(), &project.to_string());
    let answers = [
        server
            .call_as(&other.text, "POST", &server.at("/slack/install-url"))
            .header(HEADER, "k")
            .send()
            .await,
        ask_at(server, &elsewhere, "k").await,
        ask(server, "linear", "k").await,
        ask(server, "shopify~eu", "k").await,
        ask(server, "shopify~us", "k").await,
    ];
    let urls: BTreeSet<String> = answers
        .iter()
        .map(link)
        .map(|(url, is_repeat)| {
            assert!(!is_repeat);
            url
        })
        .collect();
    assert!(urls.len() == 5 && !urls.contains(&first));
    assert_eq!(links(&server.sql).await, 6);
    // A stranger with the same header learns nothing of the answer.
    let (_, _, stranger) = server.other_organization().await;
    let call = server.call_as(&stranger.text, "POST", &server.at("/slack/install-url")).header(HEADER, "k");
    call.send().await.refused(403, "API_KEY_PROJECT_MISMATCH");
}

async fn a_refusal_is_not_remembered(server: &Server) {
    let call =
        |body: Value| server.call("POST", &server.at("/slack/install-url")).header(HEADER, "k").json(&body);
    let wrong = call(json!({"unknown": 1})).send().await;
    assert_eq!(wrong.refused(400, "BAD_REQUEST").issues(), ["unknown: Unknown field"]);
    call(json!({"unknown": 1})).send().await.refused(400, "BAD_REQUEST");
    assert!(!link(&call(json!({})).send().await).1);
    ask(server, "nobody", "k").await.refused(404, "PROVIDER_NOT_FOUND");
    let refused = ask(server, "github", "k").await;
    refused.refused(409, "PROVIDER_NOT_CONFIGURED");
    assert_eq!(refused.header("idempotent-replayed"), None);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM idempotency_keys", []).await, 1);
}

async fn rights_are_checked_before_a_repeat_is_answered(server: &Server) {
    let target = server.at("/slack/install-url");
    let key = server.key_for(&["integrations:write"]).await;
    link(&server.call_as(&key.text, "POST", &target).header(HEADER, "k").send().await);
    let narrow = "UPDATE api_keys SET scopes = 'integrations:read' WHERE id = $1";
    server.sql.execute(narrow, [key.id.to_string().into()]).await;
    // A server that has not seen the key before.
    let replica = server.replica(|_| {}).await;
    let narrowed = replica.call_as(&key.text, "POST", &target).header(HEADER, "k").send().await;
    narrowed.refused(403, "INSUFFICIENT_SCOPE");
    replica.stop().await;
    link(&ask_at(server, &target, "k").await);
    server.revoke_project().await;
    ask_at(server, &target, "k").await.refused(404, "PROJECT_NOT_FOUND");
}

/// A key that is bound to projects after it made something gets no answer that shows what lies beyond them.
async fn what_a_narrowed_key_may_not_see_is_not_repeated(server: &Server) {
    let (key, other) = (server.key_for(&["admin"]).await, server.other_project().await);
    let post = async |server: &Server, rest: &str, body: Value| {
        let target = format!("/api/v1/orgs/{}/{rest}", server.organization);
        server.call_as(&key.text, "POST", &target).header(HEADER, rest).json(&body).send().await
    };
    let project = || json!({"name": "Shop"});
    let of = |projects: Value| json!({"name": "CI", "scopes": ["read"], "project_ids": projects});
    let made = |answer: Answer| answer.body["data"]["id"].as_str().unwrap().to_owned();
    let free = made(post(server, "keys", of(Value::Null)).await);
    let rotation = format!("keys/{free}/rotate");
    made(post(server, &rotation, json!({})).await);
    post(server, "projects", project()).await;
    // A server that has not seen the key before.
    let narrowed = async |projects: Value| {
        let at = format!("/api/v1/orgs/{}/keys/{}", server.organization, key.id);
        server.call("PATCH", &at).json(&json!({"project_ids": projects})).send().await.data();
        server.replica(|_| {}).await
    };
    let replica = narrowed(json!([server.project])).await;
    for body in [of(Value::Null), project()] {
        let rest = if body["scopes"].is_null() { "projects" } else { "keys" };
        post(&replica, rest, body).await.refused(403, "API_KEY_PROJECT_MISMATCH");
    }
    // Nor is it told that it said something else before.
    post(&replica, "projects", json!({"name": "Other"})).await.refused(403, "API_KEY_PROJECT_MISMATCH");
    post(&replica, &rotation, json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
    post(&replica, &rotation, json!({"overlap_seconds": 1})).await.refused(404, "RESOURCE_NOT_FOUND");
    let check = "oauth-apps/slack/check";
    post(&replica, check, json!({})).await.refused(403, "API_KEY_PROJECT_MISMATCH");
    replica.stop().await;
    // What it may see is repeated.
    let replica = narrowed(Value::Null).await;
    for (rest, body) in [("keys", of(Value::Null)), ("projects", project()), (rotation.as_str(), json!({}))] {
        let again = post(&replica, rest, body).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")), "{again:?}");
    }
    let within = json!({"name": "bound", "scopes": ["read"], "project_ids": [other]});
    let target = format!("/api/v1/orgs/{}/keys", server.organization);
    let bound = async |on: &Server| {
        on.call_as(&key.text, "POST", &target).header(HEADER, "bound").json(&within).send().await
    };
    made(bound(&replica).await);
    replica.stop().await;
    let replica = narrowed(json!([other])).await;
    assert_eq!(bound(&replica).await.header("idempotent-replayed"), Some("true"));
    replica.stop().await;
}

/// The POSTs that are answered here.
fn posts() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(|operation| operation.method == "POST" && !operation.is_proxy())
}

async fn an_unusable_key_is_refused_by_every_post_alone(server: &Server) {
    server.install(PROVIDER).await;
    let before = server.sql.picture().await;
    let mut count = 0;
    for operation in posts() {
        let target = operation.target(&server.project.to_string(), PROVIDER);
        for keys in [&["", ""][..1], &["a", "a"], &["a\tb"], &[&"x".repeat(256)]] {
            let call = server.call("POST", &target);
            let call = keys.iter().fold(call, |call, key| call.header(HEADER, key));
            let answer = call.send().await;
            let issues = answer.refused(400, "BAD_REQUEST").issues();
            assert!(issues.len() == 1 && issues[0].starts_with("Idempotency-Key: "), "{answer:?}");
        }
        assert!(operation.can_answer("IDEMPOTENCY_CONFLICT"), "{}", operation.name);
        count += 1;
    }
    assert!(count >= 2, "install-url and check");
    assert_eq!(server.sql.picture().await, before);
    // Other methods do not look at it.
    let patch = server.call("PATCH", &server.at("/slack/lifecycle")).header(HEADER, &"x".repeat(256));
    patch.json(&json!({"display_name": "Ours"})).send().await.data();
    server.call("GET", &server.at("")).header(HEADER, "").send().await.data();
}

/// A hundred requests with one key, to two servers in turn.
async fn hundred(servers: [&Server; 2], target: &str) -> Vec<Answer> {
    let calls = (0..100).map(|number| servers[number % 2].call("POST", target).header(HEADER, "k"));
    let sending: Vec<_> = calls.map(|call| tokio::spawn(call.send())).collect();
    join_all(sending).await.into_iter().map(Result::unwrap).collect()
}

async fn a_hundred_at_once_change_once(server: &Server) {
    let replica = server.replica(|_| {}).await;
    let target = server.at("/slack/install-url");
    let answers = hundred([server, &replica], &target).await;
    assert_eq!(links(&server.sql).await, 1);
    let (url, _) = link(&ask(&replica, "slack", "k").await);
    let mut first = 0;
    for answer in &answers {
        if answer.status == 409 {
            assert_eq!(answer.refused(409, "IDEMPOTENCY_CONFLICT").header("retry-after"), Some("1"));
            continue;
        }
        let (same, is_repeat) = link(answer);
        assert_eq!(same, url);
        first += usize::from(!is_repeat);
    }
    assert_eq!(first, 1);
    replica.stop().await;
}

/// A hundred requests that are no repeats of one another do not get into each other's way.
async fn a_hundred_new_ones_at_once_are_all_made(server: &Server) {
    let replica = server.replica(|_| {}).await;
    // SQLite is for one server.
    let second = if server.database.url.starts_with("sqlite") { server } else { &replica };
    let target = format!("/api/v1/orgs/{}/keys", server.organization);
    let calls = (0..100).map(|number: usize| {
        let call = [server, second][number % 2].call("POST", &target).header(HEADER, &number.to_string());
        tokio::spawn(call.json(&json!({"name": "CI", "scopes": ["read"]})).send())
    });
    let sending: Vec<_> = calls.collect();
    let mut keys = BTreeSet::new();
    for answer in join_all(sending).await {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.header("idempotent-replayed")), (201, None), "{answer:?}");
        keys.insert(answer.data()["key"].as_str().unwrap().to_owned());
    }
    assert_eq!(keys.len(), 100);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM api_keys WHERE name = 'CI'", []).await, 100);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM idempotency_keys", []).await, 100);
    replica.stop().await;
}

/// The key itself is in the first answer alone: a repeat has `null` there, whoever answers it, and nothing is stored
/// from which it could be shown.
async fn a_repeat_shows_no_secret(server: &Server) {
    let replica = server.replica(|_| {}).await;
    let post = async |on: &Server, rest: &str, body: &Value| {
        let target = format!("/api/v1/orgs/{}/keys{rest}", server.organization);
        on.call("POST", &target).header(HEADER, "k").json(body).send().await
    };
    let new = json!({"name": "CI", "scopes": ["read"]});
    let made = post(server, "", &new).await;
    let rotate = format!("/{}/rotate", made.data()["id"].as_str().unwrap());
    let rotated = post(server, &rotate, &json!({})).await;
    let environment = server.app.services.environment.clone();
    let vault = Vault::new(ENCRYPTION_KEYS.parse().unwrap(), environment);
    let remembered = server.sealed(Sealed::Answers).await;
    assert_eq!(remembered.len(), 2);
    for (first, rest, body) in [(&made, "", &new), (&rotated, rotate.as_str(), &json!({}))] {
        let secret = first.data()["key"].as_str().unwrap();
        assert!(secret.starts_with("riq_"));
        for row in &remembered {
            let opened = vault.open(row.sealed(), row.into()).unwrap();
            let opened = String::from_utf8(opened.expose_secret().to_vec()).unwrap();
            assert!(opened.contains("CI") && !opened.contains(secret), "{opened}");
        }
        for on in [server, &replica] {
            let again = post(on, rest, body).await;
            assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
            assert!(!again.text.contains(secret), "{again:?}");
            let mut expected = first.data().clone();
            expected["key"] = Value::Null;
            assert_eq!(*again.data(), expected);
        }
    }
    replica.stop().await;
}

/// What [`Idempotency::earlier`](riq_server::services::idempotency::Idempotency::earlier) says in a word.
async fn told(server: &Server, request: &KeyedRequest) -> String {
    match server.app.services.idempotency.earlier::<String>(request).await.unwrap() {
        Repeat::First => "first".into(),
        Repeat::Other => "other".into(),
        Repeat::UnderWay => "under way".into(),
        Repeat::Answered(answer) => answer,
    }
}

async fn who_lost_its_lease_neither_answers_nor_frees(server: &Server) {
    let of = |fingerprint| KeyedRequest { id: "id".into(), fingerprint };
    let (request, other) = (of(vec![1]), of(vec![2]));
    let service = &server.app.services.idempotency;
    let first = service.lease(request.clone()).await.unwrap().unwrap();
    assert!(service.lease(request.clone()).await.unwrap().is_none());
    assert_eq!([told(server, &request).await, told(server, &other).await], ["under way", "other"]);
    server.clock.advance(Duration::seconds(60));
    assert_eq!([told(server, &request).await, told(server, &other).await], ["first", "other"]);
    assert!(service.lease(other).await.unwrap().is_none(), "another request is not taken for it");
    let second = service.lease(request.clone()).await.unwrap().unwrap();
    service.free(&first).await.unwrap();
    service.answer(&first, &"the first's").await.unwrap();
    assert_eq!(told(server, &request).await, "under way");
    service.answer(&second, &"the second's").await.unwrap();
    service.answer(&first, &"the first's").await.unwrap();
    service.free(&first).await.unwrap();
    service.free(&second).await.unwrap();
    assert_eq!(told(server, &request).await, "the second's");
    assert!(service.lease(request.clone()).await.unwrap().is_none());
    // The day begins with the answer.
    server.clock.advance(Duration::hours(24) - Duration::microseconds(1));
    assert_eq!(told(server, &request).await, "the second's");
    server.clock.advance(Duration::microseconds(1));
    let third = service.lease(request.clone()).await.unwrap().unwrap();
    service.free(&third).await.unwrap();
    assert_eq!(told(server, &request).await, "first");
}

async fn what_is_remembered_is_sealed_and_swept(server: &Server) {
    let (url, _) = link(&ask(server, "slack", "the-key-of-a-client").await);
    let rows = server.sql.rows("SELECT * FROM idempotency_keys", []).await;
    assert_eq!(rows.len(), 1);
    let written = serde_json::to_string(&rows).unwrap();
    let sealed = server.sql.bytes("SELECT sealed_answer FROM idempotency_keys", []).await.unwrap();
    let token = url.split("session=").nth(1).unwrap();
    for text in [token, "the-key-of-a-client", "install_url"] {
        assert!(!written.contains(text), "{text}: {written}");
        assert!(!sealed.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
    // A lease that nobody ended goes with the rest.
    let request = KeyedRequest { id: "left".into(), fingerprint: vec![1] };
    server.app.services.idempotency.lease(request).await.unwrap().unwrap();
    let sweep = async || server.store.sweep_idempotency_keys(server.clock.now()).await.unwrap();
    server.clock.advance(Duration::hours(24));
    assert_eq!(sweep().await, 0);
    server.clock.advance(Duration::microseconds(1));
    assert_eq!(sweep().await, 2);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM idempotency_keys", []).await, 0);
}

impl Stage {
    /// A check with this key, not sent yet.
    fn keyed_check(&self, server: &Server, key: &str) -> impl Future<Output = Answer> + use<> {
        server.call("POST", &self.server.at("/keys/check")).header(HEADER, key).send()
    }

    async fn connect_the_key(&self) {
        let line = json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}});
        self.server.import(self.server.project, &line.to_string()).await;
    }

    /// Waits until the provider was asked as often as that.
    async fn asked(&self, times: usize) {
        eventually("the provider is asked", PATIENCE, async || self.provider.probes("keys") == times).await;
    }
}

/// Whoever adds a POST and leaves out to remember its answer is told here.
async fn every_post_is_remembered(stage: &Stage) {
    stage.connect_the_key().await;
    let server = &stage.server;
    server.patch("keys", json!({"action_permissions": {"post_message": true}})).await.data();
    // The example of `install-url` leads back to this origin.
    let project = format!("/api/v1/orgs/{}/projects/{}", server.organization, server.project);
    let origins = json!({"return_origins": ["https://app.example.com"]});
    server.call("PATCH", &project).json(&origins).send().await.data();
    // A decision on an approval needs one, and somebody else: the tests of approvals repeat it. What is done with a
    // webhook needs one too.
    let needs_another = |path: &str| path.contains("{approvalId}") || path.contains("{webhookId}");
    for operation in posts().filter(|operation| !needs_another(&operation.path)) {
        let target = operation.target(&server.project.to_string(), "keys");
        let send = async || {
            let call = server.call("POST", &target).header(HEADER, "k");
            match &operation.body {
                Some(body) => call.json(body).send().await,
                None => call.send().await,
            }
        };
        let first = send().await;
        assert!(first.status < 300, "{}: {first:?}", operation.name);
        assert_eq!(first.header("idempotent-replayed"), None, "{}", operation.name);
        let again = send().await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{}: {again:?}", operation.name);
        assert_eq!((again.status, again.header("etag")), (first.status, first.header("etag")));
    }
}

async fn a_hundred_checks_at_once_ask_the_provider_once(stage: &Stage) {
    stage.connect_the_key().await;
    let replica = stage.server.replica(|_| {}).await;
    let answers = hundred([&stage.server, &replica], &stage.server.at("/keys/check")).await;
    stage.asked(1).await;
    for answer in &answers {
        match answer.status {
            409 => answer.refused(409, "IDEMPOTENCY_CONFLICT"),
            _ => {
                assert_eq!(answer.data()["health_status"], "healthy");
                answer
            }
        };
    }
    let again = stage.keyed_check(&replica, "k").await;
    assert_eq!(
        (again.data()["health_status"].as_str(), again.header("idempotent-replayed")),
        (Some("healthy"), Some("true"))
    );
    assert_eq!(stage.provider.probes("keys"), 1);
    replica.stop().await;
}

async fn a_check_under_way_is_a_conflict_until_its_lease_ends(stage: &Stage) {
    stage.connect_the_key().await;
    let replica = stage.server.replica(|_| {}).await;
    stage.provider.set("keys probe", Says::Nothing);
    let first = tokio::spawn(stage.keyed_check(&stage.server, "k"));
    stage.asked(1).await;
    let conflict = stage.keyed_check(&replica, "k").await;
    assert_eq!(conflict.refused(409, "IDEMPOTENCY_CONFLICT").header("retry-after"), Some("1"));
    // As if the first server had died: a minute later another takes over.
    stage.server.clock.advance(Duration::seconds(60));
    let second = tokio::spawn(stage.keyed_check(&replica, "k"));
    stage.asked(2).await;
    stage.provider.set("keys probe", Says::Truth);
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!([first.status, second.status], [200, 200]);
    let third = stage.keyed_check(&stage.server, "k").await;
    assert_eq!((&third.text, third.header("idempotent-replayed")), (&second.text, Some("true")));
    assert_eq!(stage.provider.probes("keys"), 2);
    replica.stop().await;
}

async fn a_check_goes_on_though_its_client_is_gone(stage: &Stage) {
    stage.connect_the_key().await;
    stage.provider.set("keys probe", Says::Nothing);
    let cut = tokio::spawn(stage.keyed_check(&stage.server, "k"));
    stage.asked(1).await;
    cut.abort();
    assert!(cut.await.unwrap_err().is_cancelled());
    stage.provider.set("keys probe", Says::Truth);
    let mut last = None;
    eventually("the check is answered", PATIENCE, async || {
        let answer = stage.keyed_check(&stage.server, "k").await;
        let is_answered = answer.status == 200;
        last = Some(answer);
        is_answered
    })
    .await;
    assert_eq!(last.unwrap().header("idempotent-replayed"), Some("true"));
    assert_eq!(stage.provider.probes("keys"), 1);
}

async fn a_check_that_asked_nobody_is_tried_again(stage: &Stage) {
    stage.connect_the_key().await;
    stage.provider.set("keys probe", Says::This(429, vec![("retry-after", "30")], ""));
    stage.keyed_check(&stage.server, "first").await.data();
    stage.provider.set("keys probe", Says::Truth);
    let waits = stage.keyed_check(&stage.server, "k").await;
    assert_eq!(waits.data()["checked"], false);
    stage.server.clock.advance(Duration::seconds(31));
    let asked = stage.keyed_check(&stage.server, "k").await;
    assert_eq!((asked.data().get("checked"), asked.header("idempotent-replayed")), (None, None));
    assert_eq!(asked.data()["health_status"], "healthy");
    let again = stage.keyed_check(&stage.server, "k").await;
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&asked.text, Some("true")));
    assert_eq!(stage.provider.probes("keys"), 2);
}
