//! Schemas of other versions: a server goes on with one that is newer by one migration, and says so.

use crate::support::{
    TestDatabase,
    process::{Process, run},
    server::{ENCRYPTION_KEYS, client},
};

on_both_databases!(a_schema_one_migration_ahead_is_used, others_are_refused_in_words);

/// As if a newer version had run a migration that this one does not know.
async fn add(database: &TestDatabase, name: &str) {
    let sql = database.open().await;
    let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, 0)";
    assert_eq!(sql.execute(insert, [name.into()]).await, 1);
}

async fn a_schema_one_migration_ahead_is_used(database: &TestDatabase) {
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    assert!(run(&["migrate"], &own).await.success);
    add(database, "m9998_next").await;
    let says =
        "newer than this version of riq-server by one migration, m9998_next, and this version works with it";
    let migrated = run(&["migrate"], &own).await;
    assert!(migrated.stdout_of_success().contains(says), "{migrated:?}");
    let process = Process::serve_migrated(database, &[]);
    assert!(process.stderr().contains(says), "{}", process.stderr());
    assert!(run(&["admin", "org", "create", "--name", "Acme"], &own).await.success);
    let doctor = run(&["doctor"], &own).await;
    assert!(doctor.success && doctor.stdout.contains(says), "{doctor:?}");

    // A server that runs is not taken out of service when others go on.
    add(database, "m9999_after_next").await;
    let ready = client().get(format!("http://{}/readyz", process.address)).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 200);
}

async fn others_are_refused_in_words(database: &TestDatabase) {
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    assert!(run(&["migrate"], &own).await.success);
    add(database, "m9998_next_incompatible").await;
    let before = database.open().await.picture().await;
    for command in [&["serve", "--bind", "127.0.0.1:0"][..], &["migrate"], &["admin", "org", "list"]] {
        let refused = run(command, &own).await;
        refused
            .failed_with("migrations that are newer (m9998_next_incompatible). Use the version that made it");
    }
    let doctor = run(&["doctor"], &own).await;
    assert!(!doctor.success && doctor.stdout.contains("m9998_next_incompatible"), "{doctor:?}");
    assert_eq!(database.open().await.picture().await, before);
    add(database, "m9999_after_next").await;
    let refused = run(&["serve", "--bind", "127.0.0.1:0"], &own).await;
    refused.failed_with("(m9998_next_incompatible, m9999_after_next)");
}
