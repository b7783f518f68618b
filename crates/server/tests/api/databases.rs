//! The addresses of databases in every form, and what is no database for this server.

use std::{net::TcpListener, path::Path};

use riq_testing::process;

use crate::{
    outage::private_postgres,
    support::{
        Backend, TestDatabase,
        database::tell,
        process::{Process, run},
    },
};

/// Migrates the database at an address.
async fn migrates(url: &str) {
    let migrated = run(&["migrate"], &[("DATABASE_URL", url)]).await;
    assert!(migrated.success && migrated.stdout.contains("is up to date"), "{url}: {migrated:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_reached_by_every_form_of_address() {
    let Some(postgres) = private_postgres() else { return };
    let (port, password) = postgres.access();
    let socket = postgres.socket_directory().display().to_string();
    let encoded = socket.replace('/', "%2F");
    for url in [
        format!("postgresql://postgres:{password}@127.0.0.1:{port}/postgres"),
        format!("postgres://postgres:{password}@localhost:{port}/postgres?sslmode=disable&connect_timeout=5"),
        format!("postgres://postgres:{password}@:{port}/postgres?host={socket}"),
        format!("postgres:///postgres?host={socket}&port={port}&user=postgres&password={password}"),
        format!("postgres://postgres:{password}@{encoded}:{port}/postgres"),
    ] {
        migrates(&url).await;
    }
    if TcpListener::bind("[::1]:0").is_err() {
        return tell("SKIPPED with IPv6: this machine has none");
    }
    migrates(&format!("postgres://postgres:{password}@[::1]:{port}/postgres")).await;
    migrates(&format!("postgres://postgres:{password}@/postgres?host=::1&port={port}")).await;
    let wrong = format!("postgres://postgres:hunter2@[::1]:{port}/postgres");
    let failed = run(&["migrate"], &[("DATABASE_URL", &wrong)]).await;
    failed.failed_with(&format!("cannot connect to the PostgreSQL database at [::1]:{port}: "));
    assert!(!failed.stderr.contains("hunter2"), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_of_any_characters_is_used_and_never_shown() {
    let Some(postgres) = private_postgres() else { return };
    let (port, _) = postgres.access();
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for (number, password) in
        ["p#hunter2", "p@hunter2", "p/hunter2", "p%hunter2", "p?hunter2", "p:hunter2 é"].iter().enumerate()
    {
        let sql = format!("CREATE ROLE riq{number} LOGIN SUPERUSER PASSWORD '{password}'");
        process::output(postgres.client("psql", "postgres").args(["-qc", &sql])).unwrap();
        migrates(&format!("postgres://riq{number}:{}@127.0.0.1:{port}/postgres", encoded(password))).await;
        // As it is, it is either understood as it was meant, or refused without being shown.
        let bare = format!("postgres://riq{number}:{password}@127.0.0.1:{port}/postgres");
        let tried = run(&["migrate"], &[("DATABASE_URL", &bare)]).await;
        assert!(!tried.stderr.contains("hunter2") && !tried.stdout.contains("hunter2"), "{tried:?}");
        assert!(tried.success || tried.stderr.contains("written as %23"), "{password}: {tried:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let Some(postgres) = private_postgres() else { return };
    for encoding in ["SQL_ASCII", "LATIN1", "UTF8"] {
        let name = encoding.to_lowercase();
        let sql = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        process::output(postgres.client("psql", "postgres").args(["-qc", &sql])).unwrap();
        let url = postgres.url(&name);
        let tried = run(&["migrate"], &[("DATABASE_URL", &url)]).await;
        if encoding == "UTF8" {
            assert!(tried.success, "{tried:?}");
        } else {
            tried.failed_with(&format!("has the encoding {encoding}, which cannot hold every text"));
            tried.failed_with("ENCODING 'UTF8'");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_is_never_read_as_an_address() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["a%20b", "a b", "a?mode=ro", "a#b", "100%", "%00", "file:a", "ä"];
    let mut projects = Vec::new();
    for name in names {
        let data = directory.path().join(name);
        let (process, greeting) = Process::dev(data.to_str().unwrap(), &[]);
        projects.push(greeting["project_id"].clone());
        drop(process);
        assert!(data.join("riq.db").is_file(), "{name}");
        let listed =
            run(&["admin", "project", "list", "--json", "--data-dir", data.to_str().unwrap()], &[]).await;
        assert_eq!(listed.json()[0]["id"], greeting["project_id"], "{name}");
    }
    let made: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(made.len(), names.len(), "nothing but these was made: {made:?}");
    projects.sort_by_key(ToString::to_string);
    projects.dedup();
    assert_eq!(projects.len(), names.len(), "each has a database of its own");
}

#[tokio::test]
async fn a_path_that_is_not_utf8_is_a_clear_error() {
    use std::os::unix::ffi::OsStrExt as _;

    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join(Path::new(std::ffi::OsStr::from_bytes(b"\xff")));
    let mut command = crate::support::process::command(&["dev", "--bind", "127.0.0.1:0"], &[]);
    let output = command.arg("--data-dir").arg(&data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("the path is not UTF-8"), "{said}");
}

#[tokio::test]
async fn a_sqlite_address_names_a_file() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let path = database.path("with%20blank.db");
    migrates(&format!("sqlite://{}", path.display())).await;
    assert!(database.path("with blank.db").is_file(), "an address is percent-encoded, unlike a path");
    for url in ["sqlite::memory:", "sqlite://", "sqlite://riq.db?mode=memory"] {
        run(&["migrate"], &[("DATABASE_URL", url)]).await.failed_with("expected postgres://");
    }
    let missing = format!("sqlite://{}/none/riq.db", database.path("").display());
    run(&["migrate"], &[("DATABASE_URL", &missing)]).await.failed_with("cannot open the SQLite database at");
}
