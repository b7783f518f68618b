//! Migrations of a database that servers of the version before use meanwhile.

use std::time::Duration;

use migrations::{Migrator, MigratorTrait as _};
use riq_server::store::Store;

use crate::support::{Backend, TestDatabase, eventually};

/// How long something may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

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
        async move { store.migrate().await.unwrap() }
    });
    eventually("it is about to read the log", PATIENCE, async || sql.waiting().await == 1).await;
    assert!(sql.tables().await.contains(&"idempotency_keys".to_owned()), "those before are committed");
    sql.execute("UPDATE audit_events SET provider = NULL", []).await;
    lock.release().await;
    assert!(migrating.await.unwrap().ran.contains(&"m0018_actors_checked".to_owned()));
    assert_eq!(sql.count(unchecked, []).await, 0);
    assert!(store.migrate().await.unwrap().ran.is_empty());
    store.close().await;
}
