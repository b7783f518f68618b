//! `riq-server dev`: a server for development, without set-up.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;

use crate::support::{
    Answer,
    process::{Process, command, run},
    server::{client, installation},
};

async fn list(greeting: &Value) -> Answer {
    let (base, project) = (greeting["api_base"].as_str().unwrap(), greeting["project_id"].as_str().unwrap());
    let request = client().get(format!("{base}/projects/{project}/integrations"));
    let key = greeting["api_key"].as_str().unwrap();
    Answer::read(request.header("x-api-key", key).send().await.unwrap()).await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn it_prints_one_line_with_all_that_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (mut process, greeting) = Process::dev(data.to_str().unwrap(), &[]);
    let keys: Vec<&String> = greeting.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["api_base", "org_id", "project_id", "api_key", "dashboard_url"]);
    assert_eq!(process.stdout().lines().count(), 1);
    assert_eq!(greeting["api_base"], format!("http://{}/api/v1", process.address));
    let project = greeting["project_id"].as_str().unwrap();
    let dashboard = format!("http://{}/dashboard/projects/{project}/integrations", process.address);
    assert_eq!(greeting["dashboard_url"], dashboard);
    assert!(greeting["org_id"].as_str().unwrap().starts_with("org_"));
    assert!(greeting["api_key"].as_str().unwrap().starts_with("riq_"));
    let answer = list(&greeting).await;
    assert_eq!(answer.data(), &serde_json::json!([]));
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
    assert_eq!(process.stdout().lines().count(), 1, "nothing else on stdout");
    assert!(!process.stderr().contains(greeting["api_key"].as_str().unwrap()));
}

#[tokio::test]
async fn a_second_start_finds_everything_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (mut process, first) = Process::dev(data, &[]);
    let line = installation("slack").to_string();
    let import =
        ["admin", "import", "--data-dir", data, "--project", first["project_id"].as_str().unwrap(), "-"];
    assert!(crate::support::process::run_with_input(&import, &[], &line).await.success);
    process.kill();
    let (process, second) = Process::dev(data, &[]);
    for key in ["org_id", "project_id", "api_key"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    assert_eq!(list(&second).await.data()[0]["provider"], "slack");
    drop(process);

    // A revoked key no longer works, so the next start makes a new one.
    let keys = run(&["admin", "key", "list", "--data-dir", data, "--json"], &[]).await.json();
    let id = keys[0]["id"].as_str().unwrap();
    assert!(run(&["admin", "key", "revoke", id, "--data-dir", data], &[]).await.success);
    let (_process, third) = Process::dev(data, &[]);
    assert_ne!(third["api_key"], first["api_key"]);
    list(&third).await.data();
}

#[tokio::test]
async fn what_is_secret_is_readable_by_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("deep/data");
    let (process, greeting) = Process::dev(data.to_str().unwrap(), &[]);
    list(&greeting).await.data();
    let mut files: Vec<String> =
        fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert!(
        files.contains(&"encryption-keys".to_owned()) && files.contains(&"riq.db".to_owned()),
        "{files:?}"
    );
    for file in ["encryption-keys", "access.json"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    // The database holds sealed credentials and permissions, so only its owner may read it.
    let is_closed = mode(&data) & 0o077 == 0;
    for file in &files {
        let mode = mode(&data.join(file));
        assert!(
            is_closed || mode & 0o077 == 0,
            "{file} has mode {mode:o} in a directory that others may enter"
        );
    }
    drop(process);
}

#[tokio::test]
async fn for_people_it_tells_how_to_call_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let process = Process::spawn(command(&["dev", "--bind", "127.0.0.1:0", "--data-dir", data], &[]));
    let bound = std::time::Duration::from_secs(30);
    crate::support::eventually("it greets", bound, async || process.stdout().contains("admin import")).await;
    let said = process.stdout();
    for part in ["curl -H", "RIQ_API_KEY=riq_", "RIQ_PROJECT_ID=prj_", "/api/v1", "/docs", data] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = run(&["dev", "--json", "--data-dir", data, "--bind", &address], &[]).await;
    failed.failed_with(&format!("cannot listen on {address}"));
    assert_eq!(failed.stdout, "");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let data = file.join("data");
    run(&["dev", "--data-dir", data.to_str().unwrap()], &[]).await.failed_with("cannot make the directory");
    let damaged = directory.path().join("damaged");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("encryption-keys"), "nonsense").unwrap();
    for (path, mode) in [(damaged.clone(), 0o700), (damaged.join("encryption-keys"), 0o600)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let failed = run(&["dev", "--data-dir", damaged.to_str().unwrap(), "--bind", "127.0.0.1:0"], &[]).await;
    failed.failed_with("encryption-keys is not valid");
    assert!(!failed.stderr.contains("nonsense"));
}
