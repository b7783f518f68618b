//! Calls of actions during the soak, on any replica that is up: readings, payments, and payments that a person
//! approves, denies or forgets.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::people::Keys;
use super::replicas::Ports;
use super::visits::Answers;
use crate::bench::fill::project_id;
use crate::bench::requests::Random;
use crate::http::{self, Request};
use riq_testing::providers::strict;

/// How many call.
const CALLERS: u64 = 4;
const PAUSE: Duration = Duration::from_millis(50);
/// No more payments are asked for.
const MOST: usize = 20_000;
/// How long to wait for an answer: longer than a call may take.
const LIMIT: Duration = Duration::from_secs(35);
/// The most that may be paid to an account, in cents.
pub(super) const PAY_LIMIT: u64 = 1_000;
/// What a payment is, and how many are asked for to an account: more than the limit allows.
const AMOUNT: u64 = 300;
const CALLS_OF_ACCOUNT: usize = 5;

/// What came of the calls.
#[derive(Default)]
pub(super) struct Called {
    pub(super) answers: Answers,
    /// The runs of payments that were said to be done.
    pub(super) done: HashSet<String>,
}

/// Callers, each in its own thread, until a time.
pub(super) struct Calls(Vec<JoinHandle<Called>>);

/// A caller's thread.
struct Caller {
    ports: Ports,
    keys: Arc<Keys>,
    /// How many payments were asked for, by all.
    asked: Arc<AtomicUsize>,
    random: Random,
    called: Called,
}

/// A request that is decided by its answer's status.
struct Post {
    path: String,
    key: String,
    body: Value,
}

/// Whether a person approves each payment of this project, the n-th of those that are called.
pub(super) fn asks(place: usize) -> bool {
    place % 2 == 1
}

/// Permits the payments, and lets keys approve.
///
/// # Errors
/// When a replica refuses it.
pub(super) fn permit(ports: &Ports, keys: &Keys) -> Result<()> {
    let port = ports.any(&mut Random(0)).context("no replica is up")?;
    for (place, project) in keys.projects.iter().enumerate() {
        let permission = if asks(place) { json!("ask") } else { json!(true) };
        let update = json!({"action_permissions": {"pay": permission}, "settings": {"pay_limit": PAY_LIMIT}});
        for (rest, body) in [
            (format!("integrations/{}/lifecycle", strict::KEY), update),
            ("approval-policy".to_owned(), json!({"decided_by": "people_and_keys"})),
        ] {
            let path = format!("/api/v1/projects/{}/{rest}", project_id(*project));
            let request = request("PATCH", path, &keys.admin, &body);
            let answer = http::send(port, &request)?;
            ensure!(answer.status == 200, "{rest}: {}", String::from_utf8_lossy(&answer.body));
        }
    }
    Ok(())
}

impl Calls {
    /// Starts the callers, which stop at `end`.
    pub(super) fn start(ports: &Ports, keys: Keys, seed: u64, end: Instant) -> Self {
        let (keys, asked) = (Arc::new(keys), Arc::<AtomicUsize>::default());
        let caller = |number: u64| {
            let mut caller = Caller {
                ports: ports.clone(),
                keys: Arc::clone(&keys),
                asked: Arc::clone(&asked),
                random: Random(seed ^ (number << 32)),
                called: Called::default(),
            };
            std::thread::spawn(move || {
                while Instant::now() < end && caller.asked.load(Ordering::Relaxed) < MOST {
                    caller.call();
                    std::thread::sleep(PAUSE);
                }
                caller.called
            })
        };
        Self((1..=CALLERS).map(caller).collect())
    }

    /// Waits for the callers' end, and returns what came of it.
    ///
    /// # Errors
    /// When a caller panicked.
    pub(super) fn end(self) -> Result<Called> {
        let mut sum = Called::default();
        for thread in self.0 {
            let called = thread.join().map_err(|_| anyhow!("a caller panicked"))?;
            sum.answers.add(called.answers);
            sum.done.extend(called.done);
        }
        Ok(sum)
    }
}

impl Caller {
    fn call(&mut self) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) / CALLS_OF_ACCOUNT;
        let place = number % self.keys.projects.len();
        let account = format!("a{number}");
        if self.random.below(4) == 0 {
            let reading = self.action(place, "list_payments", json!({"account": account}));
            self.send(&reading, &[200, 409, 422]);
            return;
        }
        let pay = self.action(place, "pay", json!({"account": account, "amount": AMOUNT}));
        let answer = self.send(&pay, &[200, 202, 403, 409, 422, 504]);
        if let Some(approval) = answer.as_ref().and_then(|answer| answer["data"]["approval_id"].as_str()) {
            self.decide(place, approval);
        }
    }

    /// Decides, again where the answer was lost, or not at all.
    fn decide(&mut self, place: usize, approval: &str) {
        const ATTEMPTS: usize = 5;

        let verb = match self.random.below(8) {
            0 => return,
            1 | 2 => "deny",
            _ => "approve",
        };
        let project = project_id(self.keys.projects[place]);
        let path = format!("/api/v1/projects/{project}/approvals/{approval}/{verb}");
        let decision = Post { path, key: self.keys.approver.clone(), body: json!({}) };
        for _ in 0..ATTEMPTS {
            if self.send(&decision, &[200, 202, 409, 422, 504]).is_some() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn action(&self, place: usize, action: &str, input: Value) -> Post {
        let project = project_id(self.keys.projects[place]);
        let path = format!("/api/v1/projects/{project}/integrations/{}/actions/{action}", strict::KEY);
        Post { path, key: self.keys.asker.clone(), body: json!({"input": input}) }
    }

    /// Sends a request. `None`: there is no answer, or one that says to try again.
    fn send(&mut self, post: &Post, expected: &[u16]) -> Option<Value> {
        let port = self.ports.any(&mut self.random)?;
        let request = request("POST", post.path.clone(), &post.key, &post.body);
        let answer = self.called.answers.send(LIMIT, &self.ports, port, &request, expected)?;
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let run = &body["data"];
        if run["action"] == "pay" && run["status"] == "succeeded" {
            self.called.done.extend(run["id"].as_str().map(str::to_owned));
        }
        Some(body)
    }
}

fn request(method: &'static str, path: String, key: &str, body: &Value) -> Request {
    let headers = vec![("X-API-Key", key.to_owned()), ("Content-Type", "application/json".to_owned())];
    Request { method, path, headers, body: body.to_string() }
}
