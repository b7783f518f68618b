//! The clients that attack. Each is a task that goes on until it is told to end, and connects again if it is cut.

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use integrations_core::api_key::ApiKey;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use super::connection::{address, connect, read_one};
use super::options::Options;
use crate::bench::fill::project_id;
use crate::http::{Request, head};

/// How many connections the false keys come over.
const KEY_CONNECTIONS: u64 = 32;
/// The pause before a client that was cut connects again.
const PAUSE: Duration = Duration::from_millis(200);
/// The first of the attack's addresses: 127.0.0.2.
pub(super) const FIRST_ADDRESS: u8 = 2;

/// What the attackers have done.
#[derive(Debug, Default)]
pub(super) struct Attack {
    /// How often a client that never reads was cut.
    pub(super) cut_unread: AtomicU64,
    /// How often a slow client was cut.
    pub(super) cut_slow: AtomicU64,
    /// False keys that were refused with 401: they were looked up.
    pub(super) unauthorized: AtomicU64,
    /// False keys that were refused with 429.
    pub(super) rate_limited: AtomicU64,
    /// Any other answers to false keys.
    pub(super) others: AtomicU64,
}

/// The running attackers.
pub(super) struct Attackers {
    attack: Arc<Attack>,
    tasks: JoinSet<()>,
}

impl Attackers {
    /// Starts them.
    pub(super) fn start(options: Options, port: u16) -> Self {
        let (attack, mut tasks) = (Arc::new(Attack::default()), JoinSet::new());
        let from = |number: u64| {
            let place = number % u64::from(options.addresses);
            address(FIRST_ADDRESS + u8::try_from(place).unwrap_or_default())
        };
        for number in 0..options.never_read {
            let (requests, attack, from) = (unread_requests(port, number), Arc::clone(&attack), from(number));
            tasks.spawn(async move {
                again_and_again(&attack.cut_unread, || never_read(port, from, &requests)).await;
            });
        }
        for number in 0..options.slow {
            let (attack, from) = (Arc::clone(&attack), from(number));
            tasks.spawn(async move {
                again_and_again(&attack.cut_slow, || send_slowly(port, from)).await;
            });
        }
        for number in 0..KEY_CONNECTIONS {
            let (attack, from) = (Arc::clone(&attack), from(number));
            tasks.spawn(async move { send_false_keys(&attack, options, port, number, from).await });
        }
        Self { attack, tasks }
    }

    /// Ends them.
    pub(super) async fn end(mut self) -> Arc<Attack> {
        self.tasks.shutdown().await;
        self.attack
    }
}

/// Requests for a page, and now and then one with a path of 60 KB.
fn unread_requests(port: u16, number: u64) -> Vec<u8> {
    let path = if number.is_multiple_of(4) { format!("/{}", "x".repeat(60_000)) } else { "/docs".to_owned() };
    let count = if number.is_multiple_of(4) { 1 } else { 100 };
    head(port, &Request::get(&path), "keep-alive").repeat(count)
}

/// Sends requests until the connection is cut, and reads nothing.
async fn never_read(port: u16, from: Ipv4Addr, requests: &[u8]) -> Result<()> {
    let mut stream = connect(port, from).await?;
    loop {
        stream.write_all(requests).await?;
    }
}

/// Sends a request, a byte a second.
async fn send_slowly(port: u16, from: Ipv4Addr) -> Result<()> {
    let mut stream = connect(port, from).await?;
    for byte in head(port, &Request::get("/healthz"), "close") {
        stream.write_all(&[byte]).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Repeats an attack that ends when its connection is cut.
async fn again_and_again<F: Future<Output = Result<()>>>(cut: &AtomicU64, mut attack: impl FnMut() -> F) {
    loop {
        if attack().await.is_err() {
            cut.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sends this connection's share of the false keys, evenly over the time.
async fn send_false_keys(attack: &Attack, options: Options, port: u16, number: u64, from: Ipv4Addr) {
    let share = options.false_keys / KEY_CONNECTIONS;
    if share == 0 {
        return;
    }
    let pause = Duration::from_secs(options.seconds) / u32::try_from(share).unwrap_or(u32::MAX);
    let (mut ticks, mut buffer, mut open) = (tokio::time::interval(pause), Vec::new(), None);
    for at in 0..share {
        ticks.tick().await;
        let stream = match open.take() {
            Some(stream) => Ok(stream),
            None => connect(port, from).await,
        };
        let Ok(mut stream) = stream else { continue };
        let request = head(port, &false_request(number * share + at), "keep-alive");
        if stream.write_all(&request).await.is_err() {
            continue;
        }
        let Ok(status) = read_one(&mut stream, &mut buffer).await else { continue };
        let count = match status {
            401 => &attack.unauthorized,
            429 => &attack.rate_limited,
            _ => &attack.others,
        };
        count.fetch_add(1, Ordering::Relaxed);
        open = Some(stream);
    }
}

/// A request with a key of the right form that nobody made.
fn false_request(number: u64) -> Request {
    let seed: [u8; 32] = Sha256::digest(format!("false {number}")).into();
    let key = ApiKey::from_entropy(seed).expose().to_owned();
    let path = format!("/api/v1/projects/{}/integrations", project_id(0));
    Request { headers: vec![("X-API-Key", key)], ..Request::get(&path) }
}
