//! Migrations of a database that servers of the version before use meanwhile.

use std::time::Duration as StdDuration;

use integrations_core::ids::ProjectId;
use migrations::{Migrator, MigratorTrait as _};
use riq_server::{
    environment::Environment,
    store::{Fit, Store},
};
use serde_json::json;
use time::Duration;

use crate::support::{Backend, Server, TestDatabase, eventually, process::command, server::installation};

on_both!(
    writes_that_nobody_permitted_are_turned_off,
    writes_are_turned_off_once,
    two_that_turn_writes_off_at_once_do_it_once,
);

/// How long something may take before a test fails.
const PATIENCE: StdDuration = StdDuration::from_secs(20);

/// Runs every migration up to this one.
async fn migrate_to(database: &TestDatabase, last: &str) {
    let place = Migrator::migrations().iter().position(|migration| migration.name() == last).unwrap();
    let connection = sea_orm::Database::connect(&database.url).await.unwrap();
    Migrator::up(&connection, u32::try_from(place + 1).ok()).await.unwrap();
    connection.close().await.unwrap();
}

/// The whole audit log is read in a transaction of its own, which keeps nobody from writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_checked_while_others_write() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    migrate_to(&database, "m0014_people").await;
    let sql = database.open().await;
    let unchecked = "SELECT COUNT(*) FROM pg_constraint WHERE NOT convalidated";
    assert_eq!(sql.count(unchecked, []).await, 2, "the log is read while it is locked");
    // It holds up whoever validates a check, and nobody else.
    let lock = database.lock("LOCK TABLE audit_events IN SHARE UPDATE EXCLUSIVE MODE").await;
    let store = Store::connect(&database.url.parse().unwrap(), 4).await.unwrap();
    let migrating = tokio::spawn({
        let store = store.clone();
        async move { store.migrate(&Environment::system()).await.unwrap() }
    });
    eventually("it is about to read the log", PATIENCE, async || sql.waiting().await == 1).await;
    assert!(sql.tables().await.contains(&"idempotency_keys".to_owned()), "those before are committed");
    sql.execute("UPDATE audit_events SET provider = NULL", []).await;
    lock.release().await;
    assert!(migrating.await.unwrap().ran.contains(&"m0018_actors_checked".to_owned()));
    assert_eq!(sql.count(unchecked, []).await, 0);
    assert!(store.migrate(&Environment::system()).await.unwrap().ran.is_empty());
    store.close().await;
}

/// The actions that earlier versions permitted by default, and that write.
const WRITES: [&str; 5] =
    ["add_order_note", "comment_on_issue", "create_issue", "link_conversation", "post_message"];

/// Makes what is installed as an earlier version would have made it.
async fn age(server: &Server) {
    for action in WRITES {
        for (column, table, text) in [
            ("action_permissions", "integrations", format!("\"{action}\":")),
            ("changes", "audit_events", format!("\"action_permissions.{action}\",\"from\":null,\"to\":")),
        ] {
            let replaced = format!("replace({column}, '{text}false', '{text}true')");
            server.sql.execute(&format!("UPDATE {table} SET {column} = {replaced}"), []).await;
        }
    }
    forget(server).await;
}

/// Makes the migration pending again.
async fn forget(server: &Server) {
    server.sql.execute("DELETE FROM seaql_migrations WHERE version = 'm0020_writes_off'", []).await;
}

/// Migrates. Returns how many actions were turned off.
async fn migrate(server: &Server, store: &Store) -> u64 {
    let environment = Environment::system().with_clock(server.clock.clone());
    store.migrate(&environment).await.unwrap().turned_off
}

/// Permits an action or not, as a person would.
async fn permit(server: &Server, provider: &str, action: &str, is_on: bool) {
    server.patch(provider, json!({"action_permissions": {action: is_on}})).await.data();
}

/// What an earlier version left: some of what it permitted by default was named by people since. Returns an archived
/// project with Slack.
async fn old_database(server: &Server) -> ProjectId {
    for provider in ["github", "linear", "shopify", "slack", "slack~eu"] {
        server.install(provider).await;
    }
    let discord =
        r#"{"provider":"discord","credential":{"webhook_url":"https://discord.com/api/webhooks/1/t"}}"#;
    server.import(server.project, discord).await;
    let archived = server.other_project().await;
    server.import(archived, &installation("slack").to_string()).await;
    let archive = "UPDATE projects SET revoked_at = created_at WHERE id = $1";
    assert_eq!(server.sql.execute(archive, [archived.to_string().into()]).await, 1);
    age(server).await;
    server.clock.advance(Duration::seconds(1));
    for is_on in [false, true] {
        permit(server, "linear", "create_issue", is_on).await;
        permit(server, "shopify", "add_order_note", is_on).await;
    }
    permit(server, "github", "create_issue", false).await;
    let prune = "DELETE FROM audit_events \
                 WHERE action = 'integration.lifecycle.updated' AND provider IN ('github', 'shopify')";
    assert_eq!(server.sql.execute(prune, []).await, 3);
    // A change that disconnects as well is another event.
    let named = json!({"status": "disconnected", "action_permissions": {"create_issue": true}});
    server.patch("github", named).await.data();
    // A change of something else, and an action that was never on by default.
    let other = json!({"sidebar_enabled": true, "action_permissions": {"add_reaction": true}});
    server.patch("slack", other).await.data();
    server.delete("slack~eu").await.data();
    archived
}

async fn writes_that_nobody_permitted_are_turned_off(server: &Server) {
    let archived = old_database(server).await;
    server.clock.advance(Duration::seconds(1));
    assert_eq!(migrate(server, &server.store).await, 7);
    let slack = ["post_message", "add_reaction", "find_user"];
    let linear = ["create_issue", "comment_on_issue", "link_conversation", "search_issues"];
    for (provider, etag, actions, permissions) in [
        ("linear", "\"v4\"", linear.as_slice(), [true, false, false, true].as_slice()),
        ("slack", "\"v3\"", &slack, &[false, true, true]),
        ("slack~eu", "\"v3\"", &slack, &[false, false, true]),
        ("discord", "\"v2\"", &["post_message"], &[false]),
        ("shopify", "\"v4\"", &["add_order_note"], &[false]),
        ("github", "\"v3\"", &["create_issue"], &[true]),
    ] {
        let integration = server.integration(provider).await;
        let found: Vec<_> =
            actions.iter().map(|action| integration["action_permissions"][action].clone()).collect();
        assert_eq!(
            (&integration["etag"], found),
            (&json!(etag), permissions.iter().map(|is_on| json!(is_on)).collect()),
            "{provider}"
        );
    }

    let (event, integration) =
        (server.audit("linear").await.pop().unwrap(), server.integration("linear").await);
    let off =
        |action: &str| json!({"path": format!("action_permissions.{action}"), "from": true, "to": false});
    assert_eq!(event["changes"], json!([off("comment_on_issue"), off("link_conversation")]));
    let of = ["action", "actor_kind", "organization_id", "project_id", "integration_id"];
    let organization = server.organization.to_string();
    let project = server.project.to_string();
    assert_eq!(
        of.map(|column| event[column].as_str().unwrap()),
        [
            "integration.lifecycle.updated",
            "system",
            &organization,
            &project,
            integration["id"].as_str().unwrap()
        ]
    );
    assert_eq!(integration["updated_at"], "2026-03-01T10:00:02Z");
    // The API reads the events, and an archived project has its own.
    let audit = format!("/api/v1/projects/{}/audit?actor=system", server.project);
    assert_eq!(server.call("GET", &audit).send().await.data().as_array().unwrap().len(), 5);
    let of_archived = "SELECT COUNT(*) FROM audit_events WHERE actor_kind = 'system' AND project_id = $1";
    assert_eq!(server.sql.count(of_archived, [archived.to_string().into()]).await, 1);
    assert_eq!(server.sql.times_that_do_not_sort().await, [""; 0]);
}

/// Where it was interrupted and begins again, what is off is left alone, and so is what people permitted meanwhile.
async fn writes_are_turned_off_once(server: &Server) {
    old_database(server).await;
    assert_eq!(migrate(server, &server.store).await, 7);
    permit(server, "slack", "post_message", true).await;
    let picture = server.sql.picture().await;
    assert_eq!(migrate(server, &server.store).await, 0);
    forget(server).await;
    assert_eq!(migrate(server, &server.store).await, 0);
    assert_eq!(server.sql.picture().await, picture);
}

/// More integrations than a batch has.
const MANY: i64 = 250;

async fn install_many(server: &Server) {
    let lines: Vec<String> =
        (0..MANY).map(|at| installation(&format!("slack~a{at:03}")).to_string()).collect();
    server.import(server.project, &lines.join("\n")).await;
    age(server).await;
}

/// Asserts that every one of them was turned off, in one change.
async fn assert_each_is_off_once(server: &Server) {
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM integrations WHERE action_permissions LIKE '%\"post_message\":false%'", MANY),
        ("SELECT COUNT(*) FROM integrations WHERE version = 2", MANY),
        ("SELECT COUNT(DISTINCT integration_id) FROM audit_events WHERE actor_kind = 'system'", MANY),
        ("SELECT COUNT(*) FROM audit_events WHERE actor_kind = 'system'", MANY),
    ] {
        assert_eq!(server.sql.count(sql, []).await, expected, "{sql}");
    }
    assert_eq!(server.store.schema().await.unwrap(), Fit::Same);
}

async fn two_that_turn_writes_off_at_once_do_it_once(server: &Server) {
    install_many(server).await;
    let other = Store::connect(&server.database.url.parse().unwrap(), 4).await.unwrap();
    let (one, two) = tokio::join!(migrate(server, &server.store), migrate(server, &other));
    assert_eq!(one + two, MANY as u64);
    assert_each_is_off_once(server).await;
    other.close().await;
}

/// Others change what it is not busy with, and it goes on where it was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turning_writes_off_can_be_killed() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let server = Server::start(database).await;
    install_many(&server).await;
    let lock = "SELECT id FROM integrations ORDER BY id DESC LIMIT 1 FOR UPDATE";
    let lock = server.database.lock(lock).await;
    let own = [("DATABASE_URL", server.database.url.as_str())];
    let mut migrating = [(); 2].map(|()| command(&["migrate"], &own).spawn().unwrap());
    eventually("both are at the last batch", PATIENCE, async || server.sql.waiting().await == 2).await;
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM integrations WHERE version = 2", []).await, 200);
    let first = "SELECT provider FROM integrations ORDER BY id LIMIT 1";
    let first = server.sql.rows(first, []).await[0]["provider"].as_str().unwrap().to_owned();
    assert_eq!(server.patch(&first, json!({"sidebar_enabled": true})).await.data()["etag"], "\"v3\"");
    server.sql.execute("UPDATE integrations SET version = 2 WHERE version = 3", []).await;
    for child in &mut migrating {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    lock.release().await;
    assert_eq!(server.store.schema().await.unwrap(), Fit::Behind(vec!["m0020_writes_off".to_owned()]));
    assert_eq!(migrate(&server, &server.store).await, 50);
    assert_each_is_off_once(&server).await;
    server.stop().await;
}
