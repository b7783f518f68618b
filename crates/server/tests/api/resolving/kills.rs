//! Replicas that are killed while they call actions: between any two steps of a run and of an approval.

mod truth;

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use integrations_core::{
    audit::{Acting, AuditAction},
    ids::OrganizationId,
    role::Role,
    tier::Tier,
};
use riq_server::{
    environment::Environment,
    store::{NewAuditEvent, PersonRef, Store},
};
use riq_testing::providers::ledger::{self, Ledger};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use super::{PATIENCE, permission};
use crate::{
    crash::prepare,
    support::{
        TestDatabase,
        database::Sql,
        eventually,
        process::{Process, run_with_input},
        server::{ENCRYPTION_KEYS, client, issue},
    },
};

on_both_databases!(
    killed_at_any_moment_no_call_is_made_twice_and_each_has_its_true_end,
    tenths_of_a_limit_do_not_pass_it_though_a_replica_dies,
);

/// The number of kills where this variable says no other.
const KILLS: (&str, usize) = ("RIQ_TEST_KILLS", 6);
/// The most that may be paid to an account, as [`permission`] says, and the least that a call pays.
const LIMIT: u64 = 1_000;
const AMOUNT: u64 = 400;
/// The account of Ledger whose payments a person approves.
const ASKING: &str = "ledger~ask";
/// How long Ledger takes before it does something, and before it answers.
const SLOWNESS: Duration = Duration::from_millis(10);

/// What a caller does, again and again.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Pays. More of them pay to each account than its limit allows.
    Payer(usize),
    /// Asks for a payment, and has it approved, denied or forgotten. More of them ask than the limit allows.
    Asker(usize),
    /// Writes notes. Nobody can look for these.
    Writer,
}

const CALLERS: [Caller; 8] = [
    Caller::Payer(0),
    Caller::Payer(1),
    Caller::Payer(2),
    Caller::Writer,
    Caller::Asker(0),
    Caller::Asker(1),
    Caller::Asker(2),
    Caller::Asker(3),
];

/// Two replicas that know Ledger, on one database.
struct Scene<'a> {
    database: &'a TestDatabase,
    environment: Vec<(&'static str, String)>,
    ledger: Ledger,
    project: String,
    keys: Keys,
}

/// API keys. The askers' and the approver's are bound to two people.
#[derive(Clone)]
struct Keys {
    admin: String,
    askers: [String; 2],
    approver: String,
}

impl<'a> Scene<'a> {
    async fn start(database: &'a TestDatabase) -> Self {
        let project = prepare(database).await.project;
        let ledger = Ledger::start_slow(SLOWNESS).await;
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
        let org = database.open().await.rows("SELECT id FROM organizations", []).await;
        let keys = Keys::make(database, org[0]["id"].as_str().unwrap().parse().unwrap()).await;
        let scene = Self { database, environment, ledger, project, keys };
        let line = |provider| json!({"provider": provider, "credential": {"api_key": ledger::API_KEY}});
        let lines = ["ledger", ASKING].map(|provider| line(provider).to_string()).join("\n");
        let import = ["admin", "--json", "import", "--project", scene.project.as_str(), "-"];
        run_with_input(&import, &scene.environment(), &lines).await.json();
        scene
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn serve(&self) -> Process {
        // It waits for the program without giving way.
        tokio::task::block_in_place(|| Process::serve_migrated(self.database, &self.environment()))
    }

    /// Permits what the callers do.
    async fn permit(&self, replica: &Process) {
        let mut asking = permission();
        asking["action_permissions"]["pay"] = json!("ask");
        let changes = [
            ("integrations/ledger/lifecycle".to_owned(), permission()),
            (format!("integrations/{ASKING}/lifecycle"), asking),
            ("approval-policy".to_owned(), json!({"decided_by": "people_and_keys"})),
        ];
        for (rest, body) in changes {
            let url = format!("http://{}/api/v1/projects/{}/{rest}", replica.address, self.project);
            let change = client().patch(url).header("x-api-key", &self.keys.admin).json(&body);
            assert_eq!(change.send().await.unwrap().status(), 200, "{rest}");
        }
    }
}

impl Keys {
    async fn make(database: &TestDatabase, organization: OrganizationId) -> Self {
        let (environment, store) =
            (Environment::system(), Store::connect(&database.url.parse().unwrap(), 2).await.unwrap());
        let person = async |role: Role| {
            let who =
                PersonRef::Subject { issuer: "https://id.example".into(), subject: role.as_str().to_owned() };
            let event =
                NewAuditEvent::new(&environment, organization, AuditAction::UserRoleSet, Acting::OPERATOR);
            store.set_role(&who, environment.id(), Some(role), event).await.unwrap().user
        };
        let (operator, approver) = (person(Role::Operator).await, person(Role::Approver).await);
        let maker = (&store, &environment);
        let key = async |scopes: &[&str], user| {
            issue(maker, organization, scopes, Tier::Enterprise, None, user).await.text
        };
        let keys = Self {
            admin: key(&["admin"], None).await,
            askers: [key(&["write"], Some(operator)).await, key(&["write"], Some(operator)).await],
            approver: key(&["approvals:admin"], Some(approver)).await,
        };
        store.close().await;
        keys
    }
}

/// What the callers share.
struct Hail {
    client: reqwest::Client,
    project: String,
    keys: Keys,
    sql: Sql,
    /// The replicas' addresses. One of the replicas may be dead.
    addresses: Mutex<[SocketAddr; 2]>,
    /// A permit for each call that may be made.
    calls: Semaphore,
    /// A permit for each call that is over.
    over: Semaphore,
    /// The runs that were said to be done.
    done: Mutex<HashSet<String>>,
}

/// A request below a project.
struct Post {
    key: String,
    path: String,
    body: Value,
}

/// The status of an answer, and its body.
type Told = (u16, Value);

impl Hail {
    /// Makes calls until no more may be made.
    async fn call(&self, caller: Caller) {
        for number in 0_usize.. {
            let Ok(permit) = self.calls.acquire().await else { break };
            permit.forget();
            match caller {
                Caller::Payer(place) => {
                    let input = json!({"account": format!("a{number}"), "amount": AMOUNT + place as u64});
                    self.pay(number, place, &input).await;
                }
                Caller::Asker(place) => {
                    let input = json!({"account": format!("b{number}"), "amount": AMOUNT + place as u64});
                    self.ask(number, place, &input).await;
                }
                Caller::Writer => self.write(number).await,
            }
            self.over.add_permits(1);
        }
    }

    /// Pays by one of the askers' keys. Returns the status of the answer.
    async fn pay(&self, number: usize, place: usize, input: &Value) -> Option<u16> {
        let call = self.call_of("ledger", "pay", place, input);
        let (status, body) = self.post(number, &call).await?;
        match status {
            200 => self.note(&body),
            403 => assert_eq!(body["code"], "ACTION_LIMIT_EXCEEDED", "{body}"),
            // A busy database is no answer.
            _ => assert_eq!(status, 503, "{body}"),
        }
        Some(status)
    }

    async fn write(&self, number: usize) {
        let call = self.call_of("ledger", "note", 0, &json!({"text": format!("n{number}")}));
        if let Some((status, body)) = self.post(number, &call).await {
            assert!(matches!(status, 200 | 503), "{body}");
            if status == 200 {
                self.note(&body);
            }
        }
    }

    /// Asks, again where the answer was lost: what waits is there once. Then somebody decides, or nobody does.
    async fn ask(&self, number: usize, place: usize, input: &Value) {
        let call = self.call_of(ASKING, "pay", place, input);
        let (status, body) = self.until_answered(number, &call).await;
        if status == 403 {
            assert_eq!(body["code"], "ACTION_LIMIT_EXCEEDED", "{body}");
            return;
        }
        assert_eq!(status, 202, "{body}");
        let approval = body["data"]["approval_id"].as_str().unwrap();
        match (number + place) % 5 {
            0 => self.decide(number, approval, "deny").await,
            1 => {
                expire(&self.sql, &format!("id = '{approval}'")).await;
                self.decide(number, approval, "approve").await;
            }
            // Two at once, at both replicas.
            2 => {
                let one = self.decide(number, approval, "approve");
                tokio::join!(one, self.decide(number + 1, approval, "approve"));
            }
            3 => self.decide(number, approval, "approve").await,
            // It waits until its time is over.
            _ => {}
        }
    }

    async fn decide(&self, number: usize, approval: &str, verb: &str) {
        let path = format!("approvals/{approval}/{verb}");
        let call = Post { key: self.keys.approver.clone(), path, body: json!({}) };
        let (status, body) = self.until_answered(number, &call).await;
        match status {
            200 => self.note(&body),
            // By the one beside it, by the request before it whose answer was lost, or by the time.
            _ => assert_eq!((status, &body["code"]), (409, &json!("APPROVAL_NOT_PENDING")), "{body}"),
        }
    }

    fn note(&self, body: &Value) {
        if body["data"]["status"] == "succeeded" {
            self.done.lock().unwrap().insert(body["data"]["id"].as_str().unwrap().to_owned());
        }
    }

    fn call_of(&self, provider: &str, action: &str, place: usize, input: &Value) -> Post {
        let key = self.keys.askers[place % 2].clone();
        let path = format!("integrations/{provider}/actions/{action}");
        Post { key, path, body: json!({"input": input}) }
    }

    async fn until_answered(&self, number: usize, post: &Post) -> Told {
        for attempt in 0.. {
            match self.post(number + attempt, post).await {
                Some((status, body)) if status != 503 => return (status, body),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        unreachable!()
    }

    /// Sends a request to the replica with this number. `None`: it was killed meanwhile, or before.
    async fn post(&self, number: usize, post: &Post) -> Option<Told> {
        let address = self.addresses.lock().unwrap()[number % 2];
        let url = format!("http://{address}/api/v1/projects/{}/{}", self.project, post.path);
        let request = self.client.post(url).header("x-api-key", &post.key).json(&post.body);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.json().await.ok()?))
    }
}

/// An expression for a time so many minutes from now.
fn minutes_from_now(sql: &Sql, minutes: i32) -> String {
    if sql.is_sqlite() {
        format!("strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '{minutes} minutes')")
    } else {
        format!("now() + interval '{minutes} minutes'")
    }
}

/// Lets the time pass of approvals that wait.
async fn expire(sql: &Sql, which: &str) {
    let past = minutes_from_now(sql, -1);
    let run = format!("id IN (SELECT run_id FROM approvals WHERE status = 'pending' AND {which})");
    let run = format!("UPDATE action_runs SET approval_expires_at = {past} WHERE {run}");
    sql.execute(&run, []).await;
    let approval = format!("UPDATE approvals SET expires_at = {past} WHERE status = 'pending' AND {which}");
    sql.execute(&approval, []).await;
}

/// Lets ten minutes pass for every run whose end is not known. A look that is under way is left alone, which has a time
/// that is nearer than `later`, in minutes.
async fn age(sql: &Sql, later: i32) {
    let (past, later) = (minutes_from_now(sql, -10), minutes_from_now(sql, later));
    for statement in [
        format!("UPDATE action_runs SET sending_until = {past} WHERE status = 'sending'"),
        format!(
            "UPDATE action_runs SET finished_at = {past}, look_at = {past} \
             WHERE status = 'unknown' AND finished_at > {past}"
        ),
        format!("UPDATE action_runs SET look_at = {past} WHERE status = 'unknown' AND look_at > {later}"),
    ] {
        sql.execute(&statement, []).await;
    }
}

/// Kills one replica after the other, each in the middle of calls, and starts another in its place.
async fn kill(scene: &Scene<'_>, replicas: &mut [Process; 2], hail: &Hail, kills: usize) {
    for kill in 0..kills {
        let (victim, ended) = (kill % 2, 6 + kill % 5);
        // When so many are over, all the callers are at any moment of others.
        hail.calls.add_permits(ended + CALLERS.len());
        let enough = timeout(PATIENCE, hail.over.acquire_many(ended as u32)).await;
        enough.expect("calls are answered").unwrap().forget();
        if kill % 8 == 7 {
            // Also those that somebody is about to decide on. Only so many may wait.
            expire(&hail.sql, "id IS NOT NULL").await;
        }
        tokio::time::sleep(Duration::from_micros(kill as u64 * 997 % 25_000)).await;
        replicas[victim].kill();
        replicas[victim] = scene.serve();
        hail.addresses.lock().unwrap()[victim] = replicas[victim].address;
        // The others were over meanwhile.
        let rest = timeout(PATIENCE, hail.over.acquire_many(CALLERS.len() as u32)).await;
        rest.expect("the rest is answered").unwrap().forget();
    }
}

/// Two replicas, and what is ready to call them.
async fn on_replicas(scene: &Scene<'_>) -> ([Process; 2], Arc<Hail>) {
    let replicas = [scene.serve(), scene.serve()];
    scene.permit(&replicas[0]).await;
    let hail = Hail {
        client: client(),
        project: scene.project.clone(),
        keys: scene.keys.clone(),
        sql: scene.database.open().await,
        addresses: Mutex::new([replicas[0].address, replicas[1].address]),
        calls: Semaphore::new(0),
        over: Semaphore::new(0),
        done: Mutex::default(),
    };
    (replicas, Arc::new(hail))
}

/// Kills both replicas, and starts one that ends what is open. Nobody calls any more.
async fn settle(scene: &Scene<'_>, sql: &Sql, mut replicas: [Process; 2]) -> Process {
    const OPEN: &str = "SELECT COUNT(*) FROM action_runs WHERE status IN ('sending', 'pending_approval') \
                        OR (status = 'unknown' AND look_at IS NOT NULL)";

    replicas.iter_mut().for_each(Process::kill);
    // Nobody is at work, so no lease of anybody counts.
    age(sql, 0).await;
    expire(sql, "id IS NOT NULL").await;
    let replica = scene.serve();
    eventually("each has its end", PATIENCE * 3, async || {
        age(sql, 5).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        sql.count(OPEN, []).await == 0
    })
    .await;
    replica
}

async fn killed_at_any_moment_no_call_is_made_twice_and_each_has_its_true_end(database: &TestDatabase) {
    let scene = Scene::start(database).await;
    let (mut replicas, hail) = on_replicas(&scene).await;
    let mut callers = JoinSet::new();
    for caller in CALLERS {
        let hail = Arc::clone(&hail);
        callers.spawn(async move { hail.call(caller).await });
    }
    let kills = std::env::var(KILLS.0).ok().map_or(KILLS.1, |kills| kills.parse().unwrap());
    tokio::select! {
        // A caller that fails ends the test at once.
        Some(ended) = callers.join_next() => panic!("a caller ended: {ended:?}"),
        () = kill(&scene, &mut replicas, &hail, kills) => hail.calls.close(),
    }
    callers.join_all().await;
    let replica = settle(&scene, &hail.sql, replicas).await;
    let done = hail.done.lock().unwrap().clone();
    let was_cut_off = truth::assert_true(&scene, &hail.sql, &replica, &done).await;
    assert!(was_cut_off, "a kill comes while something is sent");
}

async fn tenths_of_a_limit_do_not_pass_it_though_a_replica_dies(database: &TestDatabase) {
    let scene = Scene::start(database).await;
    let (mut replicas, hail) = on_replicas(&scene).await;
    let input = json!({"account": "a", "amount": LIMIT / 10});
    let mut calls = JoinSet::new();
    // By two keys, on two replicas. Whoever gets no answer calls again.
    for place in 0..14 {
        let (hail, input) = (Arc::clone(&hail), input.clone());
        calls.spawn(async move {
            let mut number = place;
            while !matches!(hail.pay(number, place / 2, &input).await, Some(200 | 403)) {
                number += 1;
            }
            hail.over.add_permits(1);
        });
    }
    timeout(PATIENCE, hail.over.acquire_many(3)).await.expect("calls are answered").unwrap().forget();
    replicas[0].kill();
    calls.join_all().await;
    let replica = settle(&scene, &hail.sql, replicas).await;
    // What is left can be paid, to the last cent.
    *hail.addresses.lock().unwrap() = [replica.address; 2];
    while hail.pay(0, 0, &input).await == Some(200) {}
    let paid: u64 = scene.ledger.payments().iter().map(|payment| payment.amount).sum();
    assert_eq!(paid, LIMIT);
    let done = hail.done.lock().unwrap().clone();
    truth::assert_true(&scene, &hail.sql, &replica, &done).await;
}
