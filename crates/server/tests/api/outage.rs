//! PostgreSQL goes away under load and comes back. No acknowledged change is lost, and the server recovers by itself.

use riq_testing::{
    postgres::{Durability, Postgres, Programs, Settings},
    providers::desk_and_keys::{self, DeskAndKeys, Says, access_token, refresh_token},
};
use serde_json::{Value, json};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    crash::{self, Acknowledged, Tenancy, assert_whole},
    support::{
        Answer, TestDatabase,
        database::tell,
        eventually, pgbouncer,
        process::{Process, run_with_input},
        server::{ENCRYPTION_KEYS, client},
    },
};

/// How long the test waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// The variable that sets how long the database is away, in seconds.
const OUTAGE: &str = "RIQ_TEST_OUTAGE_SECONDS";

/// The answers that the clients got while the database was away, and the time of the slowest.
#[derive(Default)]
struct Seen {
    refused: AtomicU64,
    served: AtomicU64,
    slowest_micros: AtomicU64,
}

impl Seen {
    /// Checks that an answer is a success or a 503. Returns whether it is a success.
    async fn look(&self, response: reqwest::Response, took: Duration) -> bool {
        let answer = Answer::read(response).await;
        self.slowest_micros.fetch_max(took.as_micros() as u64, Ordering::SeqCst);
        if answer.status == 200 {
            self.served.fetch_add(1, Ordering::SeqCst);
            return true;
        }
        answer.refused(503, "SERVICE_UNAVAILABLE");
        assert!(answer.header("retry-after").is_some());
        self.refused.fetch_add(1, Ordering::SeqCst);
        false
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }
}

/// What a client needs.
#[derive(Clone)]
struct Load {
    base: String,
    key: String,
    acknowledged: Arc<Acknowledged>,
    seen: Arc<Seen>,
}

impl Load {
    fn on(process: &Process, tenancy: &Tenancy, acknowledged: &Arc<Acknowledged>, seen: &Arc<Seen>) -> Self {
        Self {
            base: format!("http://{}/api/v1/projects/{}/integrations", process.address, tenancy.project),
            key: tenancy.key.clone(),
            acknowledged: Arc::clone(acknowledged),
            seen: Arc::clone(seen),
        }
    }

    fn is_over(&self) -> bool {
        self.acknowledged.stop.load(Ordering::SeqCst)
    }

    /// Changes a client's own value repeatedly.
    async fn change(self, number_of_client: i64) {
        let client = client();
        while !self.is_over() {
            let (provider, number, body) = self.acknowledged.next(number_of_client);
            let url = format!("{}/{provider}/lifecycle", self.base);
            let started = Instant::now();
            let request = client.patch(url).header("x-api-key", &self.key).json(&body);
            let response = request.send().await.unwrap();
            if response.status() == 200 {
                self.acknowledged.note(number_of_client, number, &response);
            }
            self.seen.look(response, started.elapsed()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Reads repeatedly.
    async fn read(self) {
        let client = client();
        while !self.is_over() {
            let started = Instant::now();
            let response = client.get(&self.base).header("x-api-key", &self.key).send().await.unwrap();
            self.seen.look(response, started.elapsed()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn readiness(process: &Process) -> Answer {
    Answer::read(client().get(format!("http://{}/readyz", process.address)).send().await.unwrap()).await
}

/// How often the program's log has a line with these words.
fn told(process: &Process, words: &str) -> usize {
    process.stderr().lines().filter(|line| line.contains(words)).count()
}

/// A PostgreSQL server only for this test, because the shared one must keep running. `None`, with a line that says so,
/// if the tests run without PostgreSQL or its programs are missing.
pub(crate) fn private_postgres() -> Option<Postgres> {
    if std::env::var_os("RIQ_TEST_POSTGRES_URL").is_none() {
        tell("SKIPPED: RIQ_TEST_POSTGRES_URL is not set (`cargo xtask test` sets it)");
        return None;
    }
    let Some(programs) = Programs::find() else {
        tell("SKIPPED: PostgreSQL's initdb is not on this machine");
        return None;
    };
    // Committed data survives the end of the process even without fsync. A crash of the machine is not tested.
    let settings = Settings { durability: Durability::Durable, extra: vec![("fsync", "off".to_owned())] };
    Some(Postgres::start(programs, settings).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_goes_away_under_load_and_comes_back() {
    let Some(mut postgres) = private_postgres() else { return };
    let database = TestDatabase::at(postgres.url("postgres"));
    let tenancy = crash::prepare(&database).await;
    let replicas = [Process::serve(&database, &[]).await, Process::serve(&database, &[]).await];
    let (acknowledged, seen) = (Arc::new(Acknowledged::default()), Arc::new(Seen::default()));
    let mut clients = Vec::new();
    for number in 0..crash::CLIENTS {
        let load = Load::on(&replicas[number as usize % 2], &tenancy, &acknowledged, &seen);
        clients.push(tokio::spawn(load.change(number)));
    }
    for replica in &replicas {
        clients.push(tokio::spawn(Load::on(replica, &tenancy, &acknowledged, &seen).read()));
    }
    let made = async |count: usize| {
        let enough = acknowledged.total() + count;
        eventually("changes are acknowledged", PATIENCE, async || acknowledged.total() >= enough).await;
    };
    made(50).await;

    postgres.stop_at_once().unwrap();
    let left = Instant::now();
    for replica in &replicas {
        eventually("it is not ready", PATIENCE, async || readiness(replica).await.status == 503).await;
        readiness(replica).await.refused(503, "SERVICE_UNAVAILABLE");
    }
    let enough = seen.refused() + 100;
    eventually("requests are refused", PATIENCE, async || seen.refused() >= enough).await;
    let usual = Duration::from_secs(2);
    let outage = std::env::var(OUTAGE).map_or(usual, |text| Duration::from_secs(text.parse().unwrap()));
    tokio::time::sleep(outage.saturating_sub(left.elapsed())).await;

    postgres.start_again().unwrap();
    let back = Instant::now();
    for replica in &replicas {
        eventually("it is ready", PATIENCE, async || readiness(replica).await.status == 200).await;
    }
    let ready = back.elapsed();
    made(50).await;
    acknowledged.stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    assert_whole(&database.open().await, &acknowledged).await;
    for replica in &replicas {
        let transitions =
            (told(replica, "the database is away: requests"), told(replica, "the database is back"));
        assert_eq!(transitions, (1, 1), "{}", replica.stderr());
    }
    tell(&format!(
        "away for {outage:?}: {} answers, {} of them 503, the slowest after {} ms; {} changes acknowledged, none \
         lost; ready {} ms after the database",
        seen.refused() + seen.served.load(Ordering::SeqCst),
        seen.refused(),
        seen.slowest_micros.load(Ordering::SeqCst) / 1_000,
        acknowledged.total(),
        ready.as_millis(),
    ));
}

/// Desk and Keys, as the program is told of them.
struct Played {
    provider: DeskAndKeys,
    settings: Vec<(&'static str, String)>,
}

impl Played {
    async fn start(database: &TestDatabase) -> Self {
        let provider = DeskAndKeys::start().await;
        for (name, file) in desk_and_keys::files() {
            fs::write(database.path(name), file).unwrap();
        }
        fs::write(database.path("ca.pem"), provider.ca_pem()).unwrap();
        // Nothing listens at the others' address.
        let played = desk_and_keys::HOSTS.map(|host| format!("{host}={}", provider.address()));
        let others =
            ["slack.com", "acme.myshopify.com", "api.stripe.com"].map(|host| format!("{host}=127.0.0.1:9"));
        let (client_id, client_secret) = desk_and_keys::APP;
        let at = |name: &str| database.path(name).to_str().unwrap().to_owned();
        let settings = vec![
            ("RIQ_DATABASE_POOL_MODE", "transaction".to_owned()),
            ("RIQ_PROVIDERS_DIR", at("")),
            ("RIQ_OUTBOUND_CA_FILE", at("ca.pem")),
            ("RIQ_OUTBOUND_RESOLVE", [&played[..], &others].concat().join(",")),
            ("RIQ_OUTBOUND_TIMEOUT", "60s".to_owned()),
            ("RIQ_OAUTH_DESK_CLIENT_ID", client_id.to_owned()),
            ("RIQ_OAUTH_DESK_CLIENT_SECRET", client_secret.to_owned()),
            ("RIQ_PROBES_IN_FLIGHT", "8".to_owned()),
        ];
        Self { provider, settings }
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Imports both into a project. Desk's access token has expired.
    async fn install(&self, url: &str, project: &str) {
        let desk = json!({
            "access_token": access_token(0),
            "refresh_token": refresh_token(0),
            "expires_at": "2026-03-01T10:00:00Z",
        });
        let lines = [
            json!({"provider": "desk", "credential": desk}),
            json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}}),
        ];
        let own = [("DATABASE_URL", url), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
        let environment = [&own[..], &self.settings()].concat();
        let import = ["admin", "import", "--project", project, "-"];
        let lines = lines.map(|line| line.to_string()).join("\n");
        let imported = run_with_input(&import, &environment, &lines).await;
        assert!(imported.success, "{imported:?}");
    }
}

/// PgBouncer stays, and holds requests up while there is no PostgreSQL behind it. A renewal whose token is spent is
/// under way when it goes, and cannot be stored before it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_it_goes_away_and_comes_back() {
    let Some(mut postgres) = private_postgres() else { return };
    let database = TestDatabase::at(postgres.url("postgres"));
    let tenancy = crash::prepare(&database).await;
    let Some(pooled) = pgbouncer::before(database, "transaction") else { return };
    let played = Played::start(&pooled.database).await;
    played.install(&pooled.url, &tenancy.project).await;
    played.provider.set("desk token", Says::Nothing);
    let at = TestDatabase::at(pooled.url.clone());
    let replicas =
        [Process::serve(&at, &played.settings()).await, Process::serve(&at, &played.settings()).await];
    let refreshes = || played.provider.refreshes();
    eventually("a renewal is under way", PATIENCE, async || refreshes() == [1]).await;
    let (acknowledged, seen) = (Arc::new(Acknowledged::default()), Arc::new(Seen::default()));
    let mut clients = Vec::new();
    for (number, replica) in (0..).zip(&replicas) {
        let load = || Load::on(replica, &tenancy, &acknowledged, &seen);
        clients.extend([tokio::spawn(load().change(number)), tokio::spawn(load().read())]);
    }
    let made = async |count: usize| {
        let enough = acknowledged.total() + count;
        eventually("changes are acknowledged", PATIENCE, async || acknowledged.total() >= enough).await;
    };
    made(20).await;

    postgres.stop_at_once().unwrap();
    for replica in &replicas {
        eventually("it is not ready", PATIENCE, async || readiness(replica).await.status == 503).await;
    }
    let enough = seen.refused() + 50;
    eventually("requests are refused", PATIENCE, async || seen.refused() >= enough).await;
    played.provider.set("desk token", Says::Truth);
    eventually("the renewal has its answer", PATIENCE, async || refreshes() == [1, 0]).await;

    postgres.start_again().unwrap();
    for replica in &replicas {
        eventually("it is ready", PATIENCE, async || readiness(replica).await.status == 200).await;
    }
    made(20).await;
    acknowledged.stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let key = &tenancy.key;
    let base = format!("http://{}/api/v1/projects/{}/integrations", replicas[0].address, tenancy.project);
    for provider in ["desk", "keys"] {
        let state = async || {
            let request = client().get(format!("{base}/{provider}")).header("x-api-key", key);
            let shown = Answer::read(request.send().await.unwrap()).await;
            ["status", "health_status", "error_message"].map(|name| shown.data()[name].clone())
        };
        let well = [json!("active"), json!("healthy"), Value::Null];
        eventually("it is well", PATIENCE, async || state().await == well).await;
    }
    assert_eq!((refreshes(), played.provider.has_ended()), (vec![1, 0], false));
    assert_whole(&pooled.database.open().await, &acknowledged).await;
}
