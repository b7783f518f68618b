//! Servers that are killed while they stream the audit log.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use riq_testing::certificates::Authority;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{Received, assert_all_in_order, receive};
use crate::{
    crash::{Acknowledged, CLIENTS, hail, prepare},
    support::{
        TestDatabase, eventually,
        process::{Process, admin},
    },
};

on_both_databases!(
    killed_at_any_moment_a_file_gets_every_event_in_order,
    killed_at_any_moment_an_endpoint_gets_every_event_in_order,
);

/// How often a server is killed, and the variable that says otherwise.
const KILLS: (&str, u64) = ("RIQ_TEST_KILLS", 2);
const PATIENCE: Duration = Duration::from_secs(120);
/// How long after something arrived a server is killed at the latest: longer than the pause between two rounds.
const LATEST: u64 = 1_300;

async fn killed_at_any_moment_a_file_gets_every_event_in_order(database: &TestDatabase) {
    let file = database.path("audit.jsonl");
    let target = format!("file:{}", file.display());
    let size = || fs::metadata(&file).map_or(0, |file| file.len());
    let lines = || whole_lines(&file);
    streams_all(database, &[("RIQ_AUDIT_STREAM", target.as_str())], &size, &lines).await;
}

async fn killed_at_any_moment_an_endpoint_gets_every_event_in_order(database: &TestDatabase) {
    let authority = Authority::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::new(Mutex::new(Received::default()));
    receive(listener, &authority, Arc::clone(&received)).await;
    let certificates = database.path("authority.pem");
    fs::write(&certificates, authority.pem()).unwrap();
    let target = format!("https://siem.test:{}/in", address.port());
    let resolve = format!("siem.test={address}");
    let environment = [
        ("RIQ_AUDIT_STREAM", target.as_str()),
        ("RIQ_OUTBOUND_CA_FILE", certificates.to_str().unwrap()),
        ("RIQ_OUTBOUND_RESOLVE", resolve.as_str()),
    ];
    let batches = || received.lock().unwrap().bodies.len() as u64;
    let lines = || {
        let received = received.lock().unwrap();
        received.bodies.iter().flat_map(|body| body.lines()).map(str::to_owned).collect()
    };
    streams_all(database, &environment, &batches, &lines).await;
}

/// The lines of a file that were written to their end. A server that is killed may leave a part of one.
fn whole_lines(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let is_whole = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
    text.lines().filter(is_whole).map(str::to_owned).collect()
}

/// Kills servers while they stream changes, and asserts that the target has every event, in order and in one chain.
/// `arrived` grows with each batch that the target gets.
async fn streams_all(
    database: &TestDatabase,
    environment: &[(&str, &str)],
    arrived: &dyn Fn() -> u64,
    lines: &dyn Fn() -> Vec<String>,
) {
    let tenancy = prepare(database).await;
    let sql = database.open().await;
    let kills = std::env::var(KILLS.0).ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS.1);
    let acknowledged = Arc::new(Acknowledged::default());
    for kill in 0..kills {
        let mut process = Process::serve_migrated(database, environment);
        let base = format!("http://{}/api/v1/projects/{}/integrations", process.address, tenancy.project);
        let (before, enough) = (arrived(), acknowledged.total() + 10);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                tokio::spawn(hail(base.clone(), tenancy.key.clone(), number, Arc::clone(&acknowledged)))
            })
            .collect();
        eventually("changes are acknowledged and streamed", PATIENCE, async || {
            acknowledged.total() >= enough && arrived() > before
        })
        .await;
        // What is under way differs from kill to kill.
        tokio::time::sleep(Duration::from_millis(kill * 317 % LATEST)).await;
        process.kill();
        for client in clients {
            client.await.unwrap();
        }
        // As when its lease is over.
        sql.execute("UPDATE audit_stream SET owner = NULL", []).await;
    }
    let _process = Process::serve_migrated(database, environment);
    let (unchained, unsent) = (
        "SELECT COUNT(*) FROM audit_pending",
        "SELECT COUNT(*) FROM audit_chain_heads WHERE streamed < number",
    );
    eventually("everything is streamed", PATIENCE, async || {
        sql.count(unchained, []).await == 0 && sql.count(unsent, []).await == 0
    })
    .await;
    let lines = lines();
    let count = assert_all_in_order(lines.iter().map(String::as_str));
    let recorded = sql.rows("SELECT id FROM audit_events", []).await;
    assert_eq!(count, recorded.len());
    assert!(count >= acknowledged.total());
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    let streamed: HashSet<String> =
        lines.iter().map(|line| id(&serde_json::from_str(line).unwrap())).collect();
    for id in recorded.iter().map(id) {
        assert!(streamed.contains(&id), "{id} is on record and was not streamed");
    }
    let verified = admin(database, &["audit", "verify"], "").await;
    assert!(verified.success, "{verified:?}");
}
