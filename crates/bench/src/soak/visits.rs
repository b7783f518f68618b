//! A light load of clients during the soak: lists, catalog entries and checks, from any replica that is up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::replicas::Ports;
use crate::bench::fill::{Data, organization_of, project_id};
use crate::bench::requests::Random;
use crate::http::{self, Answer, Request};
use riq_testing::providers::strict;

/// How many clients there are.
const CLIENTS: u64 = 4;
const PAUSE: Duration = Duration::from_millis(50);
/// How long to wait for an answer. A check waits for the end of a killed replica's lease, up to the limit of a request.
const LIMIT: Duration = Duration::from_secs(35);

/// The status that asks a client to try again.
const TRY_AGAIN: u16 = 503;

/// The results of the visits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// The number of answers with each status.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// The number of requests that got no answer because the replica was being killed.
    pub(super) cut_off: u64,
    /// The first few errors that must not happen.
    pub(super) faults: Vec<String>,
}

/// Clients, each in its own thread.
pub(super) struct Visits {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Answers>>,
}

/// The request that a replica must answer before it counts as up.
pub(super) fn first(data: &Data) -> Request {
    request(data, 0, "")
}

impl Visits {
    /// Starts the clients.
    pub(super) fn start(ports: &Ports, data: Data, seed: u64) -> Self {
        let (is_over, data) = (Arc::new(AtomicBool::new(false)), Arc::new(data));
        let client = |number: u64| {
            let (is_over, data, ports) = (Arc::clone(&is_over), Arc::clone(&data), ports.clone());
            std::thread::spawn(move || {
                let (mut random, mut answers) = (Random(seed ^ number), Answers::default());
                while !is_over.load(Ordering::Relaxed) {
                    answers.visit(&ports, &data, &mut random);
                    std::thread::sleep(PAUSE);
                }
                answers
            })
        };
        let threads = (1..=CLIENTS).map(client).collect();
        Self { is_over, threads }
    }

    /// Stops the clients, and returns their results.
    ///
    /// # Errors
    /// When a client panicked.
    pub(super) fn end(self) -> Result<Answers> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut sum = Answers::default();
        for thread in self.threads {
            sum.add(thread.join().map_err(|_| anyhow!("a client panicked"))?);
        }
        Ok(sum)
    }
}

impl Answers {
    /// Adds the answers of another client.
    pub(super) fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.cut_off += other.cut_off;
        self.faults.extend(other.faults);
    }

    fn visit(&mut self, ports: &Ports, data: &Data, random: &mut Random) {
        let Some(port) = ports.any(random) else { return };
        let mut request = request(data, random.below(data.projects), "");
        match random.below(3) {
            0 => {}
            1 => request.path.push_str(&format!("/catalog/{}", strict::KEY)),
            _ => {
                request.method = "POST";
                request.path.push_str(&format!("/{}/check", strict::KEY));
            }
        }
        // A check is refused if the integration is leased, or has no credential any more.
        let expected: &[u16] = if request.method == "POST" { &[200, 409] } else { &[200] };
        self.send(LIMIT, ports, port, &request, expected);
    }

    /// Sends a request to the replica with this port, and notes what comes of it. `None`: there is no answer, or one
    /// that asks the client to try again.
    pub(super) fn send(
        &mut self,
        limit: Duration,
        ports: &Ports,
        port: u16,
        request: &Request,
        expected: &[u16],
    ) -> Option<Answer> {
        match http::send_within(limit, port, request) {
            Ok(answer) => {
                *self.statuses.entry(answer.status).or_default() += 1;
                // A busy replica asks the client to try again, which must be rare.
                if answer.status == TRY_AGAIN {
                    return None;
                }
                if !expected.contains(&answer.status) {
                    let body = String::from_utf8_lossy(&answer.body).into_owned();
                    self.fault(format!("{} {}: {} {body}", request.method, request.path, answer.status));
                }
                Some(answer)
            }
            Err(error) if ports.contain(port) => {
                self.fault(format!("{} {}: {error:#}", request.method, request.path));
                None
            }
            Err(_) => {
                self.cut_off += 1;
                None
            }
        }
    }

    /// The number of requests that were answered.
    pub(super) fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// The number of answers that ask the client to try again.
    pub(super) fn put_off(&self) -> u64 {
        self.statuses.get(&TRY_AGAIN).copied().unwrap_or_default()
    }

    fn fault(&mut self, what: String) {
        const FIRST_FEW: usize = 5;
        if self.faults.len() < FIRST_FEW {
            self.faults.push(what);
        }
    }
}

fn request(data: &Data, project: usize, rest: &str) -> Request {
    let key = data.keys[organization_of(project)][0].clone();
    Request {
        headers: vec![("X-API-Key", key)],
        ..Request::get(&format!("/api/v1/projects/{}/integrations{rest}", project_id(project)))
    }
}
