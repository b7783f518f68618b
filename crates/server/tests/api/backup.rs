//! Backups: a copy is whole although others write, nobody else can read it, and a server starts on it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use crate::support::{
    Backend, Server, TestDatabase,
    process::{Process, command, run},
    server::{ENCRYPTION_KEYS, client},
};

/// The database as it is at one moment, while it changes all the time: a server on the copy has what was acknowledged
/// before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_writes_is_restored() {
    let server = Server::start(TestDatabase::create(Backend::Sqlite).await.unwrap()).await;
    server.install("slack").await;
    server.patch("slack", json!({"display_name": "before"})).await.data();
    let file = server.database.path("backup.db");
    let name = file.to_str().unwrap();
    let own = [("DATABASE_URL", server.database.url.as_str())];
    let is_done = AtomicBool::new(false);
    let writes = async {
        let mut written = 0_u32;
        while !is_done.load(Ordering::Relaxed) || written == 0 {
            server.patch("slack", json!({"sidebar_enabled": written.is_multiple_of(2)})).await.data();
            written += 1;
        }
    };
    let backup = async {
        let finished = run(&["admin", "backup", name], &own).await;
        is_done.store(true, Ordering::Relaxed);
        finished
    };
    let ((), finished) = tokio::join!(writes, backup);
    assert!(finished.stdout_of_success().contains("The encryption keys are not in it"), "{finished:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> =
        fs::read_dir(file.parent().unwrap()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("unfinished")), "{left:?}");

    let bytes = fs::read(&file).unwrap();
    run(&["admin", "backup", name], &own).await.failed_with("a backup never replaces a file");
    assert_eq!(fs::read(&file).unwrap(), bytes);

    let restored = TestDatabase::at(format!("sqlite://{name}"));
    let process = Process::serve_migrated(&restored, &[]);
    let url = format!("http://{}/v1/projects/{}/integrations/slack", process.address, server.project);
    let answer = client().get(url).header("x-api-key", &server.key.text).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let answer: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(answer["data"]["display_name"], "before");
    let keys = [("DATABASE_URL", restored.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    assert!(run(&["admin", "rotate-keys"], &keys).await.success, "its secrets can be opened");
    let whole = run(&["admin", "audit", "verify"], &keys).await;
    assert!(whole.success, "{whole:?}");
    server.stop().await;
}

/// What it leaves has another name, and does not stand in the way of the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_leaves_no_file_of_its_name() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let own = [("DATABASE_URL", database.url.as_str())];
    assert!(run(&["migrate"], &own).await.success);
    let file = database.path("backup.db");
    let name = file.to_str().unwrap();
    let mut child = command(&["admin", "backup", name], &own).spawn().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    if !file.exists() {
        assert!(run(&["admin", "backup", name], &own).await.success);
    }
    let keys =
        [("DATABASE_URL", format!("sqlite://{name}")), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS.to_owned())];
    let keys = keys.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert!(run(&["doctor"], &keys).await.stdout.contains("it is that of this version"));
    let nowhere = database.path("nowhere/backup.db");
    let failed = run(&["admin", "backup", nowhere.to_str().unwrap()], &own).await;
    failed.failed_with("cannot write into the directory of");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_postgresql_the_command_names_its_own_program() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let own = [("DATABASE_URL", database.url.as_str())];
    assert!(run(&["migrate"], &own).await.success);
    let file = database.path("backup.dump");
    let failed = run(&["admin", "backup", file.to_str().unwrap()], &own).await;
    let expected = format!("Run: pg_dump --format=custom --file={} --host=", file.display());
    failed.failed_with("nothing was written").failed_with(&expected);
    assert!(!file.exists());
}
