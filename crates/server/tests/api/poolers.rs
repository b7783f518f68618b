//! PgBouncer between the server and PostgreSQL, as Debian packages it.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::{
    crash::{self, Tenancy},
    support::{
        Answer, Backend, TestDatabase, eventually,
        pgbouncer::{self, Pooled},
        process::{Process, run},
        server::{ENCRYPTION_KEYS, client},
    },
};

/// How long a change may take to arrive at another replica before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);
const BY_TRANSACTION: (&str, &str) = ("RIQ_DATABASE_POOL_MODE", "transaction");

async fn pooled(pool_mode: &str) -> Option<Pooled> {
    pgbouncer::before(TestDatabase::create(Backend::Postgres).await?, pool_mode)
}

/// A project, made directly in PostgreSQL.
async fn prepare(pooled: &Pooled) -> Tenancy {
    crash::prepare(&pooled.database).await
}

async fn call(process: &Process, tenancy: &Tenancy, method: &str, rest: &str, body: Option<Value>) -> Answer {
    let url = format!("http://{}/api/v1/projects/{}/{rest}", process.address, tenancy.project);
    let mut request = client().request(method.parse().unwrap(), url).header("x-api-key", &tenancy.key);
    if let Some(body) = body {
        request = request.json(&body);
    }
    Answer::read(request.send().await.unwrap()).await
}

/// Every kind of request, on two replicas that share few sessions, at once and one after another.
async fn assert_served(pooled: &Pooled, tenancy: &Tenancy, settings: &[(&str, &str)]) {
    let at = TestDatabase::at(pooled.url.clone());
    let (one, other) = (Process::serve(&at, settings).await, Process::serve(&at, settings).await);
    for round in 0..12_u32 {
        let (here, there) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let name = format!("Name {round}");
        let change =
            Some(json!({"display_name": name, "settings": {"default_channel": format!("#{round}")}}));
        let changed = call(here, tenancy, "PATCH", "integrations/slack/lifecycle", change).await;
        assert_eq!(changed.data()["display_name"], *name, "{changed:?}");
        let reads = (0..8).map(|_| call(there, tenancy, "GET", "integrations", None));
        for list in futures_util::future::join_all(reads).await {
            let list = list.data().as_array().unwrap();
            let slack = list.iter().find(|one| one["provider"] == "slack").unwrap();
            assert_eq!((&slack["display_name"], list.len()), (&json!(name), 3));
        }
    }
    let log = call(&one, tenancy, "GET", "audit?limit=100", None).await;
    assert_eq!(log.data().as_array().unwrap().len(), 16, "12 changes, 3 installs and the project");
    let conflict =
        call(&other, tenancy, "PATCH", "integrations/slack/lifecycle", Some(json!({"status": "x"})));
    conflict.await.refused(400, "BAD_REQUEST");
    let gone = call(&one, tenancy, "DELETE", "integrations/shopify", None).await;
    assert_eq!(gone.data()["status"], "disconnected");
    let link = call(&other, tenancy, "POST", "integrations/postmark/install-url", None).await;
    assert!(link.data()["install_url"].as_str().unwrap().contains("/dashboard/projects/"));

    // Commands use the same way, and what they revoke is known everywhere.
    let environment = [&[("DATABASE_URL", pooled.url.as_str())], settings].concat();
    let keys = run(&["admin", "key", "list", "--json"], &environment).await.json();
    let revoked =
        run(&["admin", "key", "revoke", "--yes", keys[0]["id"].as_str().unwrap()], &environment).await;
    assert!(revoked.success, "{revoked:?}");
    for replica in [&one, &other] {
        eventually("the key is refused", PATIENCE, async || {
            call(replica, tenancy, "GET", "integrations", None).await.status == 401
        })
        .await;
        assert!(!replica.stderr().contains("\"level\":\"ERROR\""), "{}", replica.stderr());
        assert!(!replica.stderr().contains("\"level\":\"WARN\""), "{}", replica.stderr());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_mode_replicas_serve_and_poll() {
    let Some(pooled) = pooled("transaction").await else { return };
    // The first of all migrations goes through the pooler too, and again, in sessions that others have used.
    for _ in 0..3 {
        let own = [("DATABASE_URL", pooled.url.as_str()), BY_TRANSACTION];
        let migrated = run(&["migrate"], &own).await;
        assert!(migrated.success, "{migrated:?}");
    }
    let tenancy = prepare(&pooled).await;
    assert_served(&pooled, &tenancy, &[BY_TRANSACTION]).await;
    let sql = pooled.database.open().await;
    let listening = sql.rows(
        "SELECT 1 AS one FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
        [],
    );
    assert_eq!(listening.await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_mode_replicas_are_told_at_postgres_itself() {
    let Some(pooled) = pooled("transaction").await else { return };
    let tenancy = prepare(&pooled).await;
    let url = pooled.database.url.clone();
    let settings = [BY_TRANSACTION, ("RIQ_DATABASE_LISTEN_URL", url.as_str())];
    let served = Process::serve(&TestDatabase::at(pooled.url.clone()), &settings).await;
    let sql = pooled.database.open().await;
    eventually("it listens", PATIENCE, async || {
        let listening =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        sql.rows(listening, []).await.len() == 1
    })
    .await;
    drop(served);
    assert_served(&pooled, &tenancy, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_gives_up_waiting_for_a_session_keeps_none() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let Some(pooled) = pgbouncer::with_sessions(database, "transaction", 1) else { return };
    let tenancy = prepare(&pooled).await;
    let at = TestDatabase::at(pooled.url.clone());
    let served = Process::serve(&at, &[BY_TRANSACTION, ("RIQ_REQUEST_TIMEOUT", "1s")]).await;
    let ask = async || {
        let name = Some(json!({"display_name": "Shop"}));
        let change = call(&served, &tenancy, "PATCH", "integrations/shopify/lifecycle", name);
        let list = call(&served, &tenancy, "GET", "integrations", None);
        let (change, list) = tokio::join!(change, list);
        [change.status, list.status]
    };
    eventually("it serves", PATIENCE, async || ask().await == [200, 200]).await;
    let address: PgConnectOptions = pooled.url.parse().unwrap();
    let mut other = PgConnection::connect_with(&address.extra_float_digits(None)).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT 1").execute(&mut other).await.unwrap();
    for status in ask().await {
        assert!([503, 504].contains(&status), "{status}");
    }
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    eventually("it serves again", PATIENCE, async || ask().await == [200, 200]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_session_mode_nothing_needs_to_be_set() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    // Each connection keeps a session: two replicas need more of them than the pooler has by transactions.
    let Some(pooled) = pgbouncer::with_sessions(database, "session", 60) else { return };
    let tenancy = prepare(&pooled).await;
    assert_served(&pooled, &tenancy, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_that_is_not_set_is_a_clear_error() {
    let Some(pooled) = pooled("transaction").await else { return };
    prepare(&pooled).await;
    let own = [("DATABASE_URL", pooled.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    for command in [&["serve", "--bind", "127.0.0.1:0"][..], &["migrate"], &["admin", "org", "list"]] {
        let failed = run(command, &own).await;
        failed.failed_with("set RIQ_DATABASE_POOL_MODE=transaction").failed_with("RIQ_DATABASE_LISTEN_URL");
    }
}

#[tokio::test]
async fn what_such_a_pooler_does_not_pass_on_is_refused() {
    let url = "postgres://riq:hunter2@127.0.0.1:1/riq";
    let with = async |url: &str, more: &[(&str, &str)]| {
        let failed = run(&["migrate"], &[&[("DATABASE_URL", url), BY_TRANSACTION], more].concat()).await;
        assert!(!failed.stderr.contains("hunter2"), "{failed:?}");
        failed
    };
    let options = format!("{url}?options=-c%20statement_timeout%3D5s");
    with(&options, &[]).await.failed_with("a pooler in transaction mode takes no options");
    with(url, &[("PGOPTIONS", "-c statement_timeout=5s")]).await.failed_with("takes no options");
    with("sqlite://riq.db", &[]).await.failed_with("are for PostgreSQL alone");
    with(url, &[("RIQ_DATABASE_LISTEN_URL", "sqlite://riq.db")])
        .await
        .failed_with("are for PostgreSQL alone");
    with(url, &[("RIQ_DATABASE_LISTEN_URL", "hunter2")])
        .await
        .failed_with("RIQ_DATABASE_LISTEN_URL: expected");
    with(url, &[("RIQ_DATABASE_POOL_MODE", "hunter2")]).await.failed_with("expected session or transaction");
}
