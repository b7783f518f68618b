//! Keys in the course of time: expiry, revocation, new ones, and the tenants that go away.

use std::time::Duration;

use integrations_core::ids::ProjectId;
use riq_server::api_keys::Tier;
use serde_json::json;

use crate::support::{
    Server, TestDatabase,
    clock::START,
    eventually,
    process::{Process, run},
    server::client,
};

on_both!(
    a_key_stops_at_the_moment_of_its_expiry,
    a_new_key_works_at_once,
    a_revoked_key_stops_on_every_replica,
    a_key_is_stored_as_its_hash_alone,
);

on_both_databases!(a_revocation_by_the_operator_is_kept_within_a_second, tenants_that_are_revoked_are_gone);

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

/// An organization, a project and a key of it, made by the operator's commands.
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

/// Status and code of a list.
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
        let revoked = run(&["admin", "key", "revoke", &tenancy.key_id, "--json"], &environment).await.json();
        assert_eq!(revoked, json!({"id": tenancy.key_id, "revoked": true}));
        for one in [&process, &other] {
            eventually("the key is refused", Duration::from_secs(1), async || {
                list(one, &tenancy.project, &tenancy.key).await.0 == 401
            })
            .await;
        }
        let again = run(&["admin", "key", "revoke", &tenancy.key_id, "--json"], &environment).await.json();
        assert_eq!(again, json!({"id": tenancy.key_id, "revoked": false}));
        // Once refused, it stays refused.
        assert_eq!(list(&process, &tenancy.project, &tenancy.key).await.1, "UNAUTHORIZED");
    }
}

async fn tenants_that_are_revoked_are_gone(database: &TestDatabase) {
    let process = Process::serve(database, &[]).await;
    let (one, other) = (tenancy(database).await, tenancy(database).await);
    assert_eq!(list(&process, &one.project, &one.key).await.0, 200);
    assert_eq!(list(&process, &other.project, &other.key).await.0, 200);
    let unknown = "prj_00000000000000000000000000".parse::<ProjectId>().unwrap().to_string();
    assert_eq!(list(&process, &unknown, &one.key).await.1, "PROJECT_NOT_FOUND");

    let environment = [("DATABASE_URL", database.url.as_str())];
    run(&["admin", "project", "revoke", &one.project], &environment).await.stdout_of_success();
    eventually("the project is gone", Duration::from_secs(1), async || {
        list(&process, &one.project, &one.key).await == (404, "PROJECT_NOT_FOUND".into())
    })
    .await;
    run(&["admin", "org", "revoke", &other.org], &environment).await.stdout_of_success();
    eventually("the organization's key is refused", Duration::from_secs(1), async || {
        list(&process, &other.project, &other.key).await == (401, "UNAUTHORIZED".into())
    })
    .await;
    assert_eq!(list(&process, &unknown, &one.key).await.1, "PROJECT_NOT_FOUND", "the other one's key lives");
}
