//! Kill -9 at any time, and SIGTERM under load: every acknowledged change is stored, with its event.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{
    TestDatabase,
    database::Sql,
    eventually,
    process::{Process, admin, run},
    server::{client, installation},
};

on_both_databases!(
    killed_at_any_moment_nothing_acknowledged_is_lost,
    told_to_stop_it_answers_what_it_has_accepted,
);

const KILLS: u64 = 8;
/// How long the clients may wait for their changes to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const CLIENTS: i64 = 6;
/// Providers that the clients share. Each client changes its own field in one of them.
const SHARED: [&str; 3] = ["shopify", "slack", "stripe"];
/// The provider that is disconnected and installed again.
const COMING_AND_GOING: &str = "postmark";

/// A project with integrations, and a key for it.
pub(crate) struct Tenancy {
    pub(crate) project: String,
    pub(crate) key: String,
}

pub(crate) async fn prepare(database: &TestDatabase) -> Tenancy {
    let migrated = run(&["migrate"], &[("DATABASE_URL", &database.url)]).await;
    assert!(migrated.success, "{migrated:?}");
    let org = admin(database, &["org", "create", "--name", "Acme"], "").await.json();
    let org = org["id"].as_str().unwrap();
    let project = admin(database, &["project", "create", "--org", org, "--name", "Support"], "").await.json();
    let create = ["key", "create", "--org", org, "--name", "CI", "--scopes", "write", "--tier", "enterprise"];
    let key = admin(database, &create, "").await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tenancy = Tenancy { project: text(&project["id"]), key: text(&key["api_key"]) };
    let lines: Vec<String> = SHARED.iter().map(|provider| installation(provider).to_string()).collect();
    admin(database, &["import", "--project", &tenancy.project, "-"], &lines.join("\n")).await.json();
    tenancy
}

/// The acknowledged changes, by provider and client.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// The highest number of each client that was acknowledged.
    numbers: [AtomicI64; CLIENTS as usize],
    /// The highest number that each client has sent.
    asked: [AtomicI64; CLIENTS as usize],
    /// The request ids of changes that got the status 200.
    requests: Mutex<Vec<String>>,
    pub(crate) stop: AtomicBool,
}

impl Acknowledged {
    /// How many changes were acknowledged.
    pub(crate) fn total(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// A client's next change: its provider, the number that it asks for, and the body.
    pub(crate) fn next(&self, client: i64) -> (&'static str, i64, Value) {
        let number = self.asked[client as usize].fetch_add(1, Ordering::SeqCst) + 1;
        let (provider, body) = update(client, number);
        (provider, number, body)
    }

    /// Records that a client's change was acknowledged.
    pub(crate) fn note(&self, client: i64, number: i64, response: &reqwest::Response) {
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        self.numbers[client as usize].fetch_max(number, Ordering::SeqCst);
        self.requests.lock().unwrap().push(id);
    }
}

/// A change of the client's own field of a shared integration, to a number.
fn update(client: i64, number: i64) -> (&'static str, Value) {
    match client {
        0 => ("shopify", json!({"settings": {"refund_limit_cents": number}})),
        1 => ("shopify", json!({"settings": {"default_location_id": number.to_string()}})),
        2 => ("slack", json!({"display_name": number.to_string()})),
        3 => ("slack", json!({"settings": {"default_channel": format!("#{number}")}})),
        4 => ("stripe", json!({"settings": {"refund_limit_cents": number}})),
        _ => (
            "stripe",
            json!({"display_name": number.to_string(), "settings": {"webhook_signing_secret": format!("whsec_{number}")}}),
        ),
    }
}

/// The stored number of a client.
fn stored(rows: &[Value], client: i64) -> i64 {
    let (provider, _) = update(client, 0);
    let row = rows.iter().find(|row| row["provider"] == provider).unwrap();
    let settings: Value = serde_json::from_str(row["settings"].as_str().unwrap()).unwrap();
    let value = match client {
        0 | 4 => settings["refund_limit_cents"].clone(),
        1 => settings["default_location_id"].clone(),
        3 => settings["default_channel"].clone(),
        _ => row["display_name"].clone(),
    };
    value.as_i64().unwrap_or_else(|| value.as_str().unwrap_or("0").trim_matches(['#', '"']).parse().unwrap())
}

/// One client: changes its own value repeatedly, until it is asked to stop or the server no longer answers.
pub(crate) async fn hail(base: String, key: String, client_number: i64, acknowledged: Arc<Acknowledged>) {
    let client = client();
    while !acknowledged.stop.load(Ordering::SeqCst) {
        let (provider, number, body) = acknowledged.next(client_number);
        let request =
            client.patch(format!("{base}/{provider}/lifecycle")).header("x-api-key", &key).json(&body);
        let Ok(response) = request.send().await else { return };
        assert_eq!(response.status().as_u16(), 200, "client {client_number}");
        acknowledged.note(client_number, number, &response);
    }
}

/// Disconnects an integration. An import between the kills installs it again.
async fn disconnect(base: String, key: String, acknowledged: Arc<Acknowledged>) {
    let request = client().delete(format!("{base}/{COMING_AND_GOING}")).header("x-api-key", &key);
    let Ok(response) = request.send().await else { return };
    assert_eq!(response.status().as_u16(), 200);
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    acknowledged.requests.lock().unwrap().push(id);
}

/// Asserts that every integration has as many events as versions, and that every acknowledged change is stored.
pub(crate) async fn assert_whole(sql: &Sql, acknowledged: &Acknowledged) {
    let rows =
        sql.rows("SELECT id, provider, status, version, display_name, settings FROM integrations", []).await;
    for row in &rows {
        let id = row["id"].as_str().unwrap();
        // A renewal of tokens makes no version.
        let events = "SELECT action, changes, request_id FROM audit_events WHERE integration_id = $1 \
                      AND action <> 'integration.credential.refreshed' ORDER BY created_at, id";
        let events = sql.rows(events, [id.into()]).await;
        assert_eq!(events.len() as i64, row["version"].as_i64().unwrap(), "{row}");
        assert_eq!(events[0]["action"], "integration.installed");
        let credentials = "SELECT COUNT(*) FROM credentials WHERE integration_id = $1";
        let credentials = sql.count(credentials, [id.into()]).await;
        assert_eq!(credentials == 0, row["status"] == "disconnected", "{row}");
    }
    let orphans = "SELECT COUNT(*) FROM audit_events WHERE integration_id IS NOT NULL \
                   AND integration_id NOT IN (SELECT id FROM integrations)";
    assert_eq!(sql.count(orphans, []).await, 0, "an event without its integration");
    for client in 0..CLIENTS {
        let known = acknowledged.numbers[client as usize].load(Ordering::SeqCst);
        let asked = acknowledged.asked[client as usize].load(Ordering::SeqCst);
        let stored = stored(&rows, client);
        assert!((known..=asked).contains(&stored), "client {client}: {known} ≤ {stored} ≤ {asked}");
    }
    let recorded = sql.rows("SELECT request_id FROM audit_events WHERE request_id IS NOT NULL", []).await;
    let recorded: std::collections::HashSet<&str> =
        recorded.iter().map(|row| row["request_id"].as_str().unwrap()).collect();
    for id in acknowledged.requests.lock().unwrap().iter() {
        assert!(recorded.contains(id.as_str()), "{id} was acknowledged and is not on record");
    }
}

async fn killed_at_any_moment_nothing_acknowledged_is_lost(database: &TestDatabase) {
    let tenancy = prepare(database).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let line = installation(COMING_AND_GOING).to_string();
    for kill in 0..KILLS {
        let mut process = Process::serve(database, &[]).await;
        admin(database, &["import", "--project", &tenancy.project, "-"], &line).await.json();
        let base = format!("http://{}/api/v1/projects/{}/integrations", process.address, tenancy.project);
        let mut clients = Vec::new();
        for client in 0..CLIENTS {
            let (base, key) = (base.clone(), tenancy.key.clone());
            clients.push(tokio::spawn(hail(base, key, client, Arc::clone(&acknowledged))));
        }
        // Waits for some changes first, then for a time that differs from kill to kill.
        let enough = acknowledged.total() + 20;
        eventually("changes are acknowledged", PATIENCE, async || acknowledged.total() >= enough).await;
        let deleting = tokio::spawn(disconnect(base, tenancy.key.clone(), Arc::clone(&acknowledged)));
        tokio::time::sleep(Duration::from_millis(kill * 5)).await;
        process.kill();
        for client in clients {
            client.await.unwrap();
        }
        deleting.await.unwrap();
        let sql = database.open().await;
        assert_whole(&sql, &acknowledged).await;
        let left =
            "SELECT COUNT(*) FROM integrations WHERE provider = 'postmark' AND status <> 'disconnected'";
        if sql.count(left, []).await == 1 {
            // The kill came first, so disconnect it for the next round's import.
            let process = Process::serve(database, &[]).await;
            let base = format!("http://{}/api/v1/projects/{}/integrations", process.address, tenancy.project);
            disconnect(base, tenancy.key.clone(), Arc::clone(&acknowledged)).await;
        }
    }
}

async fn told_to_stop_it_answers_what_it_has_accepted(database: &TestDatabase) {
    let tenancy = prepare(database).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let mut process = Process::serve(database, &[]).await;
    let base = format!("http://{}/api/v1/projects/{}/integrations", process.address, tenancy.project);
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let (base, key) = (base.clone(), tenancy.key.clone());
        clients.push(tokio::spawn(hail(base, key, client, Arc::clone(&acknowledged))));
    }
    // A request whose body is still being sent when the signal comes.
    let (mut slow, rest) = half_a_request(&process, &tenancy).await;
    eventually("changes are acknowledged", PATIENCE, async || acknowledged.total() >= 20).await;
    process.terminate();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = finish(&mut slow, &rest).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for client in clients {
        client.await.unwrap();
    }
    drop(slow);
    let status = process.wait();
    assert_eq!(status.code(), Some(0), "{}", process.stderr());
    let sql = database.open().await;
    assert_whole(&sql, &acknowledged).await;
    let rows = sql.rows("SELECT provider, display_name, settings FROM integrations", []).await;
    for client in 0..CLIENTS {
        // A stored change was accepted, so it must have been answered.
        let known = acknowledged.numbers[client as usize].load(Ordering::SeqCst);
        assert_eq!(stored(&rows, client), known, "client {client}");
    }
    assert!(tokio::net::TcpStream::connect(process.address).await.is_err(), "nothing listens any more");
}

/// Sends the head of a PATCH and the first bytes of its body.
async fn half_a_request(process: &Process, tenancy: &Tenancy) -> (tokio::net::TcpStream, String) {
    use tokio::io::AsyncWriteExt as _;

    let body = r#"{"sidebar_enabled":true}"#;
    let head = format!(
        "PATCH /api/v1/projects/{}/integrations/slack/lifecycle HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        tenancy.project,
        tenancy.key,
        body.len(),
        &body[..10]
    );
    let mut stream = tokio::net::TcpStream::connect(process.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    (stream, body[10..].to_owned())
}

async fn finish(stream: &mut tokio::net::TcpStream, rest: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut received = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut received)).await;
    String::from_utf8_lossy(&received[..read.unwrap().unwrap()]).into_owned()
}
