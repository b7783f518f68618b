//! Servers that are killed while they call an action: between any two steps of a run.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use riq_testing::providers::ledger::{self, Ledger};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::timeout};

use super::{PATIENCE, PAY, line, permission};
use crate::{
    crash::prepare,
    support::{
        TestDatabase,
        database::Sql,
        eventually,
        process::{Process, run_with_input},
        server::{ENCRYPTION_KEYS, client},
    },
};

on_both_databases!(killed_at_any_moment_no_call_is_made_twice_and_each_has_its_true_end);

/// The number of kills where this variable says no other.
const KILLS: (&str, u32) = ("RIQ_TEST_KILLS", 6);
/// The most that may be paid to an account, as [`permission`] says, and what each call pays.
const LIMIT: u64 = 1_000;
const AMOUNT: u64 = 400;
/// How many call at once for one account. More than the limit allows.
const CALLERS: usize = 4;

/// A server that knows Ledger.
struct Scene<'a> {
    database: &'a TestDatabase,
    environment: Vec<(&'static str, String)>,
    ledger: Ledger,
    project: String,
    key: String,
}

impl<'a> Scene<'a> {
    async fn start(database: &'a TestDatabase) -> Self {
        let tenancy = prepare(database).await;
        let ledger = Ledger::start().await;
        let (providers, authority) = (database.path("providers"), database.path("authority.pem"));
        std::fs::create_dir(&providers).unwrap();
        std::fs::write(providers.join("ledger.toml"), ledger::FILE).unwrap();
        std::fs::write(&authority, ledger.ca_pem()).unwrap();
        let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let environment = vec![
            ("DATABASE_URL", database.url.clone()),
            ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS.to_owned()),
            ("RIQ_PROVIDERS_DIR", path(&providers)),
            ("RIQ_OUTBOUND_CA_FILE", path(&authority)),
            ("RIQ_OUTBOUND_RESOLVE", format!("{}={}", ledger::HOST, ledger.address())),
        ];
        let mut scene = Self { database, environment, ledger, project: tenancy.project, key: tenancy.key };
        let import = ["admin", "--json", "import", "--project", scene.project.as_str(), "-"];
        run_with_input(&import, &scene.environment(), &line()).await.json();
        let org = scene.database.open().await.rows("SELECT id FROM organizations", []).await;
        let org = org[0]["id"].as_str().unwrap();
        let create = ["admin", "--json", "key", "create", "--org", org, "--name", "Agent"];
        let create = [&create[..], &["--scopes", "integrations:write,actions:write", "--tier", "enterprise"]];
        let key = run_with_input(&create.concat(), &scene.environment(), "").await.json();
        scene.key = key["api_key"].as_str().unwrap().to_owned();
        scene
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn serve(&self) -> Process {
        Process::serve_migrated(self.database, &self.environment())
    }

    fn at(&self, process: &Process, rest: &str) -> String {
        format!("http://{}/api/v1/projects/{}/integrations/ledger{rest}", process.address, self.project)
    }
}

/// Pays to one account after another until the server is gone. Gives a permit for each answer, and returns the runs
/// that were said to be done.
async fn hail(
    client: reqwest::Client,
    url: String,
    key: String,
    round: u32,
    answered: Arc<Semaphore>,
) -> Vec<String> {
    let mut done = Vec::new();
    for number in 0.. {
        let body = json!({"input": {"account": format!("a{round}-{number}"), "amount": AMOUNT}});
        let Ok(response) = client.post(&url).header("x-api-key", &key).json(&body).send().await else {
            break;
        };
        let status = response.status().as_u16();
        let Ok(body) = response.json::<Value>().await else { break };
        // A busy database is no answer.
        match status {
            200 => done.push(body["data"]["id"].as_str().unwrap().to_owned()),
            403 => assert_eq!(body["code"], "ACTION_LIMIT_EXCEEDED", "{body}"),
            _ => assert_eq!(status, 503, "{body}"),
        }
        answered.add_permits(1);
    }
    done
}

/// Lets ten minutes pass for every run whose end is not known.
async fn age(sql: &Sql, database: &TestDatabase) {
    let is_sqlite = database.url.starts_with("sqlite");
    let minutes_from_now = |minutes: i32| {
        if is_sqlite {
            format!("strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '{minutes} minutes')")
        } else {
            format!("now() + interval '{minutes} minutes'")
        }
    };
    let (past, later) = (minutes_from_now(-10), minutes_from_now(5));
    for statement in [
        format!("UPDATE action_runs SET sending_until = {past} WHERE status = 'sending'"),
        format!(
            "UPDATE action_runs SET finished_at = {past}, look_at = {past} \
             WHERE status = 'unknown' AND finished_at > {past}"
        ),
        // A look that is under way is not touched: it has a time that is nearer.
        format!("UPDATE action_runs SET look_at = {past} WHERE status = 'unknown' AND look_at > {later}"),
    ] {
        sql.execute(&statement, []).await;
    }
}

async fn killed_at_any_moment_no_call_is_made_twice_and_each_has_its_true_end(database: &TestDatabase) {
    let scene = Scene::start(database).await;
    let process = scene.serve();
    let permit = client().patch(scene.at(&process, "/lifecycle")).header("x-api-key", &scene.key);
    assert_eq!(permit.json(&permission()).send().await.unwrap().status(), 200);
    drop(process);
    let kills = std::env::var(KILLS.0).ok().map_or(KILLS.1, |kills| kills.parse().unwrap());
    // Made once: it takes long to make one.
    let clients = [(); CALLERS].map(|()| client());
    let mut done = HashSet::new();
    for round in 0..kills {
        let mut process = scene.serve();
        let answered = Arc::new(Semaphore::new(0));
        let url = scene.at(&process, "/actions/pay");
        let hails: Vec<_> = clients
            .iter()
            .map(|client| {
                let (client, url, key) = (client.clone(), url.clone(), scene.key.clone());
                tokio::spawn(hail(client, url, key, round, Arc::clone(&answered)))
            })
            .collect();
        // Some were just answered, and the others are at any moment of theirs.
        let enough = timeout(PATIENCE, answered.acquire_many(8 + round % 5)).await;
        drop(enough.expect("calls are answered").unwrap());
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 997 % 8_000)).await;
        process.kill();
        for hail in hails {
            done.extend(hail.await.unwrap());
        }
    }
    let sql = database.open().await;
    let cut_off = sql.count("SELECT COUNT(*) FROM action_runs WHERE status = 'sending'", []).await;
    let process = scene.serve();
    eventually("each has its end", PATIENCE * 10, async || {
        age(&sql, database).await;
        let open = "SELECT COUNT(*) FROM action_runs WHERE status IN ('sending', 'unknown')";
        sql.count(open, []).await == 0
    })
    .await;
    drop(process);
    assert!(cut_off > 0, "a kill comes while something is sent");
    assert_true(&sql, &scene.ledger, &done).await;
}

/// Asserts that the runs say what the provider knows.
async fn assert_true(sql: &Sql, ledger: &Ledger, done: &HashSet<String>) {
    let payments = ledger.payments();
    assert_eq!(payments.len(), ledger.asked(PAY), "everything that arrived was done");
    let made: HashSet<&str> = payments.iter().map(|payment| payment.reference.as_str()).collect();
    assert_eq!(made.len(), payments.len(), "no call was made twice");
    let mut paid: HashMap<&str, u64> = HashMap::new();
    for payment in &payments {
        *paid.entry(&payment.account).or_default() += payment.amount;
    }
    assert!(paid.values().all(|amount| *amount <= LIMIT), "{paid:?}");
    let runs = sql.rows("SELECT id, status FROM action_runs", []).await;
    let ids: HashSet<&str> = runs.iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert!(made.is_subset(&ids), "what was made is on record");
    let events = "SELECT changes FROM audit_events WHERE action = 'integration.action.executed'";
    let mut told: HashMap<String, Vec<String>> = HashMap::new();
    for event in sql.rows(events, []).await {
        let changes: Vec<Value> = serde_json::from_str(event["changes"].as_str().unwrap()).unwrap();
        let of = |path: &str| changes.iter().find(|change| change["path"] == path).unwrap()["to"].clone();
        let text = |path: &str| of(path).as_str().unwrap().to_owned();
        told.entry(text("run")).or_default().push(text("status"));
    }
    for run in &runs {
        let (id, status) = (run["id"].as_str().unwrap(), run["status"].as_str().unwrap());
        let expected = if made.contains(id) { &["succeeded"][..] } else { &["failed", "denied"] };
        assert!(expected.contains(&status), "{run}");
        assert!(status == "succeeded" || !done.contains(id), "{run} was said to be done");
        let ends = told.get(id).map_or(0, |told| told.iter().filter(|one| *one == status).count());
        assert_eq!(ends, usize::from(status != "denied"), "{run} is in the audit log");
    }
    let reserved = "SELECT run_id, amount FROM action_reservations";
    let reserved = sql.rows(reserved, []).await;
    let counted: HashSet<&str> = reserved.iter().map(|one| one["run_id"].as_str().unwrap()).collect();
    assert_eq!(counted, made, "what was done counts, and nothing else");
}
