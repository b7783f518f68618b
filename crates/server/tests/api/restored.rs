//! A server on a copy of a database notices, and rests until the operator says that it goes on.

use std::fs;

use crate::support::{
    Backend, TestDatabase,
    process::{Process, admin, own, run},
    server::client,
};

on_both_databases!(a_copy_is_known);

const SAID: &str = "this database was restored or copied";

async fn migrate(database: &TestDatabase) {
    assert!(run(&["migrate"], &own(database)).await.success);
}

async fn found(database: &TestDatabase) -> String {
    let report = run(&["doctor", "--offline"], &own(database)).await;
    report.stdout.lines().find(|line| line.contains("  copy  ")).unwrap_or_default().to_owned()
}

async fn resume(database: &TestDatabase) {
    let refused = admin(database, &["resume"], "").await;
    refused.failed_with("be sure that it has stopped for good");
    assert!(admin(database, &["resume", "--yes"], "").await.success);
}

/// Starts a server and stops it. Returns whether it took the database for a copy.
async fn starts_quietly(database: &TestDatabase) -> bool {
    let mut process = Process::serve_migrated(database, &[]);
    let url = format!("http://{}/readyz", process.address);
    assert_eq!(client().get(url).send().await.unwrap().status().as_u16(), 200);
    process.terminate();
    process.wait();
    process.stdout().contains(SAID) || process.stderr().contains(SAID)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_known_even_in_the_place_of_its_original() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    migrate(&database).await;
    assert!(!starts_quietly(&database).await);
    assert!(!starts_quietly(&database).await, "after another start");
    let backup = database.path("backup.db");
    let keyless = [("DATABASE_URL", database.url.as_str())];
    assert!(run(&["admin", "backup", backup.to_str().unwrap()], &keyless).await.success);
    for beside in ["riq.db-wal", "riq.db-shm"] {
        drop(fs::remove_file(database.path(beside)));
    }
    // Over the same file: its number and its time of birth stay.
    fs::write(database.path("riq.db"), fs::read(&backup).unwrap()).unwrap();
    assert!(found(&database).await.contains("restored or copied"));
    assert!(starts_quietly(&database).await);
    assert!(starts_quietly(&database).await, "after another start");
    resume(&database).await;
    assert!(!starts_quietly(&database).await);
    assert!(found(&database).await.starts_with("ok"));
}

async fn a_copy_is_known(database: &TestDatabase) {
    migrate(database).await;
    assert!(!starts_quietly(database).await);
    let copy = database.copy().await;
    assert!(starts_quietly(&copy).await);
    resume(&copy).await;
    assert!(!starts_quietly(&copy).await);
    assert!(!starts_quietly(database).await, "the original");
}
