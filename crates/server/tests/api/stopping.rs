//! Stopping: an idle connection does not delay it, and a request that takes too long is cut off.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{
    Backend, TestDatabase,
    process::{Process, run_with_input},
    server::{ENCRYPTION_KEYS, installation},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_request_hold_nothing_up() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let mut process = Process::serve(&database, &[("RIQ_DRAIN_TIMEOUT", "1h")]).await;
    let silent = TcpStream::connect(process.address).await.unwrap();
    let mut kept_alive = TcpStream::connect(process.address).await.unwrap();
    kept_alive.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 4096];
    let read = kept_alive.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
    assert_eq!(kept_alive.read(&mut answer).await.unwrap(), 0, "the server has hung up");
    drop(silent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_outlasts_the_drain_is_cut_off_and_changes_nothing() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let mut process = Process::serve(&database, &[("RIQ_DRAIN_TIMEOUT", "50ms")]).await;
    let environment = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    let admin = async |arguments: &[&str], input: &str| {
        run_with_input(&[&["admin", "--json"], arguments].concat(), &environment, input).await.json()
    };
    let org = admin(&["org", "create", "--name", "Acme"], "").await;
    let org = org["id"].as_str().unwrap();
    let project = admin(&["project", "create", "--org", org, "--name", "Support"], "").await;
    let project = project["id"].as_str().unwrap();
    let key = admin(&["key", "create", "--org", org, "--name", "CI", "--scopes", "write"], "").await;
    let key = key["api_key"].as_str().unwrap();
    admin(&["import", "--project", project, "-"], &installation("slack").to_string()).await;
    let sql = database.open().await;
    let before = sql.picture().await;

    let mut unfinished = TcpStream::connect(process.address).await.unwrap();
    let request = format!(
        "PATCH /v1/projects/{project}/integrations/slack/lifecycle HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: 24\r\nexpect: 100-continue\r\n\r\n"
    );
    unfinished.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let read = unfinished.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 100 "), "it waits for the body now");
    unfinished.write_all(b"{\"sidebar_ena").await.unwrap();
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
    assert!(process.stderr().contains("still running"), "{}", process.stderr());
    assert_eq!(sql.picture().await, before);
}
