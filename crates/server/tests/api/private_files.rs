//! Files with secrets are for their owner alone.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
};

use crate::support::{
    Backend, TestDatabase,
    process::{Process, run},
};

const DATABASE: [&str; 3] = ["riq.db", "riq.db-wal", "riq.db-shm"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_owner_can_read_a_sqlite_database() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    assert_eq!(mode(&database.path("riq.db")), 0o600, "as migrate made it");
    // An earlier version left it open.
    set_mode(&database.path("riq.db"), 0o644);
    let mut process = Process::serve(&database, &[]).await;
    for file in DATABASE {
        assert_eq!(mode(&database.path(file)), 0o600, "{file}");
    }
    // Killed, it leaves all three behind.
    process.kill();
    for file in DATABASE {
        set_mode(&database.path(file), 0o664);
    }
    let _process = Process::serve(&database, &[]).await;
    for file in DATABASE {
        assert_eq!(mode(&database.path(file)), 0o600, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_refuses_what_others_could_have_read_or_put_there() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let start = ["dev", "--bind", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
    let (mut process, _) = Process::dev(data.to_str().unwrap(), &[]);
    process.kill();
    let files = ["", "encryption-keys", "access.json", "riq.db", "riq.db-wal"];
    for file in files {
        let path = data.join(file);
        let private = mode(&path);
        assert_eq!(private & 0o077, 0, "{file}");
        for open in [0o040, 0o004, 0o020, 0o002, 0o001] {
            set_mode(&path, private | open);
            let failed = run(&start, &[]).await;
            failed.failed_with("is open to other users").failed_with("chmod");
        }
        set_mode(&path, private);
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(65_534), None).unwrap();
            run(&start, &[]).await.failed_with("belongs to another user");
            chown(&path, Some(0), None).unwrap();
        }
    }
    // Closed again, it starts as before.
    let (_process, _) = Process::dev(data.to_str().unwrap(), &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_directory_is_closed_unless_others_may_write_there() {
    let directory = tempfile::tempdir().unwrap();
    for (open, is_taken) in [(0o755, true), (0o775, false), (0o777, false)] {
        let data = directory.path().join(format!("{open:o}"));
        fs::create_dir(&data).unwrap();
        set_mode(&data, open);
        if is_taken {
            let (_process, _) = Process::dev(data.to_str().unwrap(), &[]);
            assert_eq!(mode(&data), 0o700);
        } else {
            let failed = run(&["dev", "--data-dir", data.to_str().unwrap()], &[]).await;
            failed.failed_with("is open to other users");
            assert_eq!(mode(&data), open, "and is left as it was");
        }
    }
}
