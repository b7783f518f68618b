//! The clients that must be served during the attack: one asks for the server's health, one has good keys. They come
//! from an address of the attack, and in turn from another one.
//!
//! They run on a thread of their own: between thousands of attackers they would wait for their turn, and that is not
//! the server's delay.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime;

use super::attackers::FIRST_ADDRESS;
use super::connection::{address, send};
use super::request::list;
use crate::bench::fill::Data;
use crate::http::Request;

/// How long to wait for an answer.
const LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(150);
/// An address that the attack does not come from.
const ELSEWHERE: u8 = 1;

/// What came of the requests of one kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// How many were answered with 200.
    pub(super) good: u64,
    /// How long the slowest of them took.
    pub(super) slowest: Duration,
    /// All others, in words, and how often.
    pub(super) faults: BTreeMap<String, u64>,
}

impl Answers {
    /// How many requests were not answered with 200.
    pub(super) fn failed(&self) -> u64 {
        self.faults.values().sum()
    }

    async fn ask(&mut self, port: u16, from: Ipv4Addr, request: &Request) {
        let began = Instant::now();
        match send(port, from, request, LIMIT).await {
            Ok(answer) if answer.status == 200 => {
                self.good += 1;
                self.slowest = self.slowest.max(began.elapsed());
            }
            Ok(answer) => self.fault(format!("{} from {from}: {}", request.path, answer.status)),
            Err(error) => self.fault(format!("{} from {from}: {error:#}", request.path)),
        }
    }

    fn fault(&mut self, what: String) {
        *self.faults.entry(what).or_default() += 1;
    }
}

/// What came of all visits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Visits {
    pub(super) health: Answers,
    pub(super) good_keys: Answers,
}

/// The running visitors.
pub(super) struct Visitors {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Visits>,
}

impl Visitors {
    /// Starts them.
    ///
    /// # Errors
    /// When there is no runtime for them.
    pub(super) fn start(data: Arc<Data>, port: u16) -> Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let end = Arc::clone(&is_over);
        let thread = thread::spawn(move || runtime.block_on(visits(&data, port, &end)));
        Ok(Self { is_over, thread })
    }

    /// Ends them. If they panicked, what they have seen is lost, and counts as nothing.
    pub(super) fn end(self) -> Visits {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

async fn visits(data: &Data, port: u16, is_over: &AtomicBool) -> Visits {
    // The first key was used at the start.
    let (health, good_keys) = tokio::join!(
        visit(port, is_over, |_| Request::get("/healthz")),
        visit(port, is_over, |number| list(data, number + 1)),
    );
    Visits { health, good_keys }
}

async fn visit(port: u16, is_over: &AtomicBool, request: impl Fn(usize) -> Request) -> Answers {
    let (mut answers, mut number) = (Answers::default(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let from = if number % 2 == 0 { FIRST_ADDRESS } else { ELSEWHERE };
        answers.ask(port, address(from), &request(number)).await;
        number += 1;
        tokio::time::sleep(PAUSE).await;
    }
    answers
}

/// The server's metrics.
///
/// # Errors
/// When it does not answer with them.
pub(super) async fn metrics(port: u16, token: &str) -> Result<String> {
    let headers = vec![("Authorization", format!("Bearer {token}"))];
    let request = Request { headers, ..Request::get("/metrics") };
    let answer = send(port, address(ELSEWHERE), &request, LIMIT).await.context("no metrics")?;
    ensure!(answer.status == 200, "the metrics were refused with {}", answer.status);
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}
