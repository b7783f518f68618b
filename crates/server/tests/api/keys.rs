//! Keys over time: expiry, revocation, new keys, and revoked tenants.

use std::time::Duration;

use integrations_core::{ids::ProjectId, tier::Tier};
use riq_server::{jobs::Job as _, services::key_uses::KeyUsesFlush};
use serde_json::json;

use crate::support::{
    Backend, Server, TestDatabase,
    clock::START,
    eventually,
    process::{Process, run},
    server::{Key, client},
};

/// How long a notified change may take to arrive before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

on_both!(
    a_key_stops_at_the_moment_of_its_expiry,
    a_new_key_works_at_once,
    a_revoked_key_stops_on_every_replica,
    a_changed_tier_counts_on_every_replica,
    a_key_is_stored_as_its_hash_alone,
    a_keys_last_use_is_stored_without_a_write_a_request,
);

on_both_databases!(
    a_revocation_by_the_operator_is_kept_within_a_second,
    tenants_that_are_revoked_are_gone,
    the_operator_sees_when_a_key_was_last_used,
);

async fn a_key_stops_at_the_moment_of_its_expiry(server: &Server) {
    let end = START + time::Duration::hours(1);
    let key = server.key_with(&["read"], Tier::Pro, Some(end)).await;
    let ask = async || server.call_as(&key.text, "GET", &server.at("")).send().await;
    ask().await.data();
    server.clock.advance(time::Duration::hours(1) - time::Duration::milliseconds(1));
    ask().await.data();
    server.clock.advance(time::Duration::milliseconds(1));
    let answer = ask().await;
    assert!(answer.refused(401, "UNAUTHORIZED").message().contains("expired"));
    assert_eq!(answer.header("x-ratelimit-tier"), None);
}

async fn a_keys_last_use_is_stored_without_a_write_a_request(server: &Server) {
    let (key, other) = (server.key_for(&["read"]).await, server.key_for(&["integrations:write"]).await);
    let used = async |key: &Key| server.store.api_key(key.id).await.unwrap().unwrap().last_used_at;
    let ask = async |key: &str| server.call_as(key, "GET", &server.at("")).send().await.status;
    let mut flush = KeyUsesFlush::new(server.store.clone(), server.app.services.api_keys.uses());
    for _ in 0..3 {
        assert_eq!(ask(&key.text).await, 200);
    }
    assert_eq!(used(&key).await, None, "no request writes");
    flush.round().await.unwrap();
    assert_eq!((used(&key).await, used(&other).await), (Some(START), None));

    server.clock.advance(time::Duration::milliseconds(61_500));
    assert_eq!(ask(&key.text).await, 200);
    flush.round().await.unwrap();
    let later = START + time::Duration::milliseconds(61_500);
    assert_eq!(used(&key).await, Some(later));
    // A replica that stores later what it noted earlier does not set the time back.
    server.store.record_key_uses(&[(key.id, START + time::Duration::seconds(9))].into()).await.unwrap();
    assert_eq!(used(&key).await, Some(later));

    // A refused key is not used.
    server.clock.advance(time::Duration::seconds(5));
    server.revoke(&key).await;
    eventually("the key is refused", PATIENCE, async || ask(&key.text).await == 401).await;
    server.clock.advance(time::Duration::seconds(5));
    assert_eq!(ask(&key.text).await, 401);
    flush.round().await.unwrap();
    assert!(used(&key).await.unwrap() < later + time::Duration::seconds(10));
    // A session of the dashboard acts as its key.
    crate::dashboard::visitor::Visitor::signed_in_with(server, &other.text).await;
    flush.round().await.unwrap();
    assert!(used(&other).await.unwrap() >= later + time::Duration::seconds(10));
}

async fn a_new_key_works_at_once(server: &Server) {
    for _ in 0..5 {
        let key = server.key_for(&["integrations:read"]).await;
        server.call_as(&key.text, "GET", &server.at("")).send().await.data();
    }
}

async fn a_revoked_key_stops_on_every_replica(server: &Server) {
    let replica = server.replica(|_| {}).await;
    let key = server.key_for(&["read"]).await;
    let ask = async |server: &Server| server.call_as(&key.text, "GET", &server.at("")).send().await.status;
    assert_eq!((ask(server).await, ask(&replica).await), (200, 200));
    server.revoke(&key).await;
    for one in [server, &replica] {
        eventually("the key is refused", Duration::from_secs(1), async || ask(one).await == 401).await;
    }
    replica.stop().await;
}

/// The limit of a key that a server reports.
async fn limit(server: &Server, key: &Key) -> String {
    let answer = server.call_as(&key.text, "GET", &server.at("")).send().await;
    format!("{} {}", answer.header("x-ratelimit-tier").unwrap(), answer.header("x-ratelimit-limit").unwrap())
}

async fn a_changed_tier_counts_on_every_replica(server: &Server) {
    let replica = server.replica(|_| {}).await;
    let key = server.key_with(&["read"], Tier::Pro, None).await;
    for tier in [Tier::Starter, Tier::Scale] {
        for one in [server, &replica] {
            assert_ne!(limit(one, &key).await, format!("{tier} {}", tier.limit()), "it is known in memory");
        }
        server.set_tier(&key, tier).await;
        for one in [server, &replica] {
            eventually("the new limit counts", Duration::from_secs(1), async || {
                limit(one, &key).await == format!("{tier} {}", tier.limit())
            })
            .await;
        }
    }
    replica.stop().await;
}

/// The interval of polling in tests that must not depend on polling.
const NEVER: Duration = Duration::from_secs(24 * 3_600);

/// A server on PostgreSQL, and a replica that asks for changes only when it starts.
async fn told_alone(test: impl AsyncFnOnce(&Server, &Server)) {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let server = Server::start(database).await;
    let replica = server.replica(|settings| settings.key_poll_interval = NEVER).await;
    test(&server, &replica).await;
    replica.stop().await;
    server.stop().await;
}

/// Asserts that notifications bring changes to a replica. It also reads the changes when it starts and when it begins
/// to listen, so the third change can only come by notification.
async fn assert_notified(server: &Server, replica: &Server) {
    for _ in 0..3 {
        let key = server.key_with(&["read"], Tier::Pro, None).await;
        let status = async || replica.call_as(&key.text, "GET", &replica.at("")).send().await.status;
        assert_eq!((status().await, limit(replica, &key).await.as_str()), (200, "pro 3000"));
        server.set_tier(&key, Tier::Starter).await;
        eventually("the new tier arrives", PATIENCE, async || limit(replica, &key).await == "starter 600")
            .await;
        server.revoke(&key).await;
        eventually("the revocation arrives", PATIENCE, async || status().await == 401).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_tells_of_changes() {
    told_alone(assert_notified).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_does_so_again_when_its_connection_is_lost() {
    told_alone(async |server, replica| {
        assert_notified(server, replica).await;
        let listening =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        let listening = async || server.sql.rows(listening, []).await;
        let before = listening().await;
        assert_eq!(before.len(), 2, "one connection for each replica");
        for one in &before {
            let pid = one["pid"].as_i64().unwrap() as i32;
            server.sql.rows("SELECT pg_terminate_backend($1)", [pid.into()]).await;
        }
        assert_notified(server, replica).await;
        let after = listening().await;
        assert!(after.len() == 2 && after.iter().all(|one| !before.contains(one)), "{before:?} {after:?}");
    })
    .await;
}

async fn a_key_is_stored_as_its_hash_alone(server: &Server) {
    let rows = server.sql.rows("SELECT name, hint, scopes FROM api_keys", []).await;
    let secret = &server.key.text[8..];
    assert!(!json!(rows).to_string().contains(secret));
    assert!(!contains(&server.database.files(), secret));
    let hash = server.sql.bytes("SELECT hash FROM api_keys", []).await.unwrap();
    assert_eq!(hash.len(), 32);
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// An organization, a project and a key, made by the operator's commands.
struct Tenancy {
    org: String,
    project: String,
    key: String,
    key_id: String,
}

async fn tenancy(database: &TestDatabase) -> Tenancy {
    let environment = [("DATABASE_URL", database.url.as_str())];
    let admin = async |arguments: &[&str]| {
        run(&[&["admin", "--json"], arguments].concat(), &environment).await.json()
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let org = text(&admin(&["org", "create", "--name", "Acme"]).await["id"]);
    let project = text(&admin(&["project", "create", "--org", &org, "--name", "Support"]).await["id"]);
    let key = admin(&["key", "create", "--org", &org, "--name", "CI", "--scopes", "read"]).await;
    Tenancy { org, project, key: text(&key["api_key"]), key_id: text(&key["id"]) }
}

/// The status and code of the answer to a list request.
async fn list(process: &Process, project: &str, key: &str) -> (u16, String) {
    let url = format!("http://{}/api/v1/projects/{project}/integrations", process.address);
    let response = client().get(url).header("x-api-key", key).send().await.unwrap();
    let answer = crate::support::Answer::read(response).await;
    (answer.status, answer.code().to_owned())
}

async fn a_revocation_by_the_operator_is_kept_within_a_second(database: &TestDatabase) {
    let process = Process::serve(database, &[]).await;
    let other = Process::serve(database, &[]).await;
    for _ in 0..3 {
        let tenancy = tenancy(database).await;
        for one in [&process, &other] {
            assert_eq!(list(one, &tenancy.project, &tenancy.key).await.0, 200, "a new key works at once");
        }
        let environment = [("DATABASE_URL", database.url.as_str())];
        let revoked =
            run(&["admin", "key", "revoke", &tenancy.key_id, "--yes", "--json"], &environment).await.json();
        assert_eq!(revoked, json!({"id": tenancy.key_id, "revoked": true}));
        for one in [&process, &other] {
            eventually("the key is refused", Duration::from_secs(1), async || {
                list(one, &tenancy.project, &tenancy.key).await.0 == 401
            })
            .await;
        }
        let again =
            run(&["admin", "key", "revoke", &tenancy.key_id, "--yes", "--json"], &environment).await.json();
        assert_eq!(again, json!({"id": tenancy.key_id, "revoked": false}));
        let dead = run(&["admin", "key", "set-tier", &tenancy.key_id, "pro"], &environment).await;
        dead.failed_with("is revoked");
        // A refused key stays refused.
        assert_eq!(list(&process, &tenancy.project, &tenancy.key).await.1, "UNAUTHORIZED");
    }
}

async fn the_operator_sees_when_a_key_was_last_used(database: &TestDatabase) {
    let mut process = Process::serve(database, &[]).await;
    let tenancy = tenancy(database).await;
    let environment = [("DATABASE_URL", database.url.as_str())];
    let listed = async || run(&["admin", "key", "list", "--json"], &environment).await.json();
    assert_eq!(listed().await[0]["last_used_at"], serde_json::Value::Null);
    assert_eq!(list(&process, &tenancy.project, &tenancy.key).await.0, 200);
    // A server that stops loses nothing.
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
    let used = listed().await[0]["last_used_at"].as_str().unwrap().to_owned();
    assert!(used.ends_with('Z'), "{used}");
    let words = run(&["admin", "key", "list"], &environment).await;
    let words = words.stdout_of_success();
    assert!(words.contains("LAST USED") && words.contains(&used[..16]), "{words}");
}

async fn tenants_that_are_revoked_are_gone(database: &TestDatabase) {
    let process = Process::serve(database, &[]).await;
    let (one, other) = (tenancy(database).await, tenancy(database).await);
    assert_eq!(list(&process, &one.project, &one.key).await.0, 200);
    assert_eq!(list(&process, &other.project, &other.key).await.0, 200);
    let unknown = "prj_00000000000000000000000000".parse::<ProjectId>().unwrap().to_string();
    assert_eq!(list(&process, &unknown, &one.key).await.1, "PROJECT_NOT_FOUND");

    let environment = [("DATABASE_URL", database.url.as_str())];
    run(&["admin", "project", "revoke", &one.project, "--yes"], &environment).await.stdout_of_success();
    eventually("the project is gone", Duration::from_secs(1), async || {
        list(&process, &one.project, &one.key).await == (404, "PROJECT_NOT_FOUND".into())
    })
    .await;
    run(&["admin", "org", "revoke", &other.org, "--yes"], &environment).await.stdout_of_success();
    eventually("the organization's key is refused", Duration::from_secs(1), async || {
        list(&process, &other.project, &other.key).await == (401, "UNAUTHORIZED".into())
    })
    .await;
    assert_eq!(list(&process, &unknown, &one.key).await.1, "PROJECT_NOT_FOUND", "the other one's key lives");
}
