//! `init`: from nothing to a server that answers; nothing that exists is changed.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use serde_json::Value;

use crate::support::{
    Backend, TestDatabase,
    process::{Process, command, run},
    server::client,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn answers(process: &Process, made: &Value) {
    let text = |name: &str| made[name].as_str().unwrap();
    let url = format!("http://{}/v1/projects/{}/integrations", process.address, text("project_id"));
    let answer = client().get(url).header("x-api-key", text("api_key")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

fn serve(config: &Path) -> Process {
    let arguments = ["serve", "--config", config.to_str().unwrap(), "--bind", "127.0.0.1:0"];
    let mut process = Process::spawn(command(&arguments, &[]));
    assert!(process.serves_or_ends(), "{}", process.stderr());
    process
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_set_up_without_questions() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("riq");
    let at = at.to_str().unwrap();
    let url = "https://integrations.example.com";
    let arguments = [
        "init",
        "--dir",
        at,
        "--organization",
        "Acme",
        "--public-url",
        url,
        "--json",
        "--hosts",
        "riq.internal,localhost",
    ];
    let made = run(&arguments, &[]).await.json();
    let config = Path::new(at).join("server.toml");
    assert_eq!(made["config"], config.to_str().unwrap());
    for file in ["server.toml", "encryption-keys", "riq.db"] {
        assert_eq!(mode(&Path::new(at).join(file)), 0o600, "{file}");
    }
    let text = fs::read_to_string(&config).unwrap();
    for line in [
        &format!("public_url = \"{url}\"\n"),
        "hosts = [\"riq.internal\", \"localhost\"]\n",
        &format!("database_url = \"sqlite://{at}/riq.db\"\n"),
        &format!("encryption_keys_file = \"{at}/encryption-keys\"\n"),
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    answers(&serve(&config), &made).await;

    let keys = fs::read(Path::new(at).join("encryption-keys")).unwrap();
    run(&arguments, &[]).await.failed_with("server.toml exists, and is left as it is");
    let again = ["init", "--config", config.to_str().unwrap()];
    run(&again, &[]).await.failed_with("has organizations already: none was made");
    assert_eq!(fs::read(Path::new(at).join("encryption-keys")).unwrap(), keys);
    assert_eq!(fs::read_to_string(&config).unwrap(), text);
}

/// As with the package: its settings and keys are there, and what is given comes beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_package_brought_is_left_as_it_is() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let config = database.path("server.toml");
    let settings = format!("database_url = \"{}\"\nencryption_keys_file = \"{}\"\n", database.url, {
        let keys = database.path("encryption-keys");
        fs::write(&keys, format!("{}\n", crate::support::server::ENCRYPTION_KEYS)).unwrap();
        keys.display().to_string()
    });
    fs::write(&config, &settings).unwrap();
    let arguments =
        ["init", "--config", config.to_str().unwrap(), "--project", "Inbox", "--log", "warn,riq_server=info"];
    let done = run(&arguments, &[]).await;
    assert!(done.stdout_of_success().contains("/dashboard/projects/prj_"), "{done:?}");
    assert_eq!(fs::read_to_string(&config).unwrap(), settings);
    let beside = fs::read_to_string(database.path("server.d/10-init.toml")).unwrap();
    let expected =
        "# Made by `riq-server init`. Other settings may stand here, too.\nlog = \"warn,riq_server=info\"\n";
    assert_eq!(beside, expected);
    drop(serve(&config));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_half_done_if_the_database_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("riq");
    let arguments = ["init", "--dir", at.to_str().unwrap()];
    let away = run(&arguments, &[("DATABASE_URL", "postgres://riq:SECRET@127.0.0.1:1/riq")]).await;
    away.failed_with("cannot connect to the PostgreSQL database");
    assert!(!away.stderr.contains("SECRET") && !at.join("server.toml").exists(), "{away:?}");
    let keys = fs::read(at.join("encryption-keys")).unwrap();
    let done = run(&arguments, &[]).await;
    assert!(done.success, "{done:?}");
    assert_eq!(fs::read(at.join("encryption-keys")).unwrap(), keys, "the keys are made once");
}

/// At a terminal it asks, and asks again after what cannot be used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_terminal_it_asks() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(&["init", "--dir", directory.path().join("riq").to_str().unwrap()], &[]);
    command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let talk = move || {
        let mut session = rexpect::session::spawn_command(command, Some(30_000)).unwrap();
        session.exp_string("Database, postgres://").unwrap();
        session.send_line("").unwrap();
        session.exp_string("Address at which people reach the server").unwrap();
        session.send_line("integrations.example.com").unwrap();
        session.exp_string("That cannot be used: expected http:// or https://").unwrap();
        session.send_line("https://integrations.example.com").unwrap();
        session.exp_string("https://integrations.example.com/dashboard/projects/prj_").unwrap();
        session.exp_eof().unwrap();
    };
    tokio::task::spawn_blocking(talk).await.unwrap();
    assert!(fs::read_to_string(directory.path().join("riq/server.toml")).unwrap().contains("public_url"));
}
