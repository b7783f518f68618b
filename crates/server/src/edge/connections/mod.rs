//! The connections of clients: how many there may be, and which one goes if there are too many.
//!
//! A connection *waits* while the server waits for its client: for a request, for the rest of one, or until an answer
//! is taken. Where there are as many connections as may be, a new one takes the place of the one that waits longest, of
//! those that have sent something if there are any. So a client that opens connections and does nothing with them takes
//! them away from itself, and not from others. While the server is behind and has not yet looked at what has come, it
//! waits for nobody: its own delay is not the client's.

pub(super) mod enveloped_io;
pub(super) mod paced_io;
pub(super) mod watched_body;

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    task::yield_now,
};

use super::{allowance::Allowance, rate_limit::network_of};
use crate::metrics::{CutReason, Metrics};

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub total: usize,
    /// From one address; for IPv6, from one network of 64 bits. Trusted proxies are free of it.
    pub per_address: usize,
}

/// How many requests of clients that do not wait for their answers are worked on at the same time. Otherwise a thousand
/// such clients would be so much work that nothing else had its turn for seconds, the database included.
const PIPELINED_AT_A_TIME: usize = 2;
/// How often the log says that there are too many connections.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    open: Mutex<Open>,
    metrics: Metrics,
    /// Waiting times are counted from here.
    epoch: Instant,
    log: Allowance,
    pipelined_turns: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_client: HashMap<Client, Vec<Arc<Connection>>>,
}

/// The other end of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    /// A client, by its address or network.
    Network(IpAddr),
    /// A trusted proxy, which has connections for many clients.
    Proxy(IpAddr),
}

/// The server has something to do: to read what may have come, or to write.
const AT_HAND: u64 = 0;
/// The server works on a request.
const WORKING: u64 = u64::MAX;

/// One open connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Milliseconds from the epoch, plus one, since which it waits; or [`AT_HAND`], or [`WORKING`].
    waiting_since: AtomicU64,
    /// Whether its client had sent nothing more at some time since the last request, or this is the first.
    was_silent: AtomicBool,
    has_sent: AtomicBool,
    pipelined_turns: Arc<Semaphore>,
    epoch: Instant,
    cut: Notify,
}

/// Which connection makes room: the least one. First whether it has sent nothing, because its request may be on the
/// way; then since when it waits.
type Rank = (bool, u64);

impl Connection {
    /// The server works on a request of it.
    pub(super) fn work(&self) {
        self.waiting_since.store(WORKING, Ordering::Relaxed);
    }

    /// The server has answered its request.
    pub(super) fn answered(&self) {
        self.waiting_since.store(AT_HAND, Ordering::Relaxed);
    }

    /// The server can go on with the request only once its client has sent more of it.
    pub(super) fn wait_for_more(&self) {
        self.wait_instead_of(WORKING);
    }

    /// The server waits for a request, for the rest of one, or until an answer is taken, unless it works on one. It
    /// waits from the first time on.
    pub(super) fn wait(&self) {
        self.wait_instead_of(AT_HAND);
    }

    fn wait_instead_of(&self, state: u64) {
        let now = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(WORKING - 2) + 1;
        // If it is in another state, it stays there.
        self.waiting_since
            .compare_exchange(state, now, Ordering::Relaxed, Ordering::Relaxed)
            .unwrap_or_default();
    }

    /// Something has come from it.
    fn has_sent(&self) {
        self.has_sent.store(true, Ordering::Relaxed);
    }

    /// Nothing more has come from it.
    fn is_silent(&self) {
        self.was_silent.store(true, Ordering::Relaxed);
        self.wait();
    }

    /// Returns when it is this connection's turn: at once, unless its client sends requests without waiting for answers
    /// (RFC 9112, section 9.3.2, "pipelining"). Those take turns, which last until what is returned is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        if self.was_silent.swap(false, Ordering::Relaxed) {
            return None;
        }
        self.wait();
        // It is never closed.
        let turn = self.pipelined_turns.acquire().await.ok();
        yield_now().await;
        turn
    }

    /// Returns once the connection has to make room.
    pub(super) async fn is_cut(&self) {
        self.cut.notified().await;
    }

    /// Which connections make room before it. `None` while the server works on a request. If the server has yet to look
    /// at it, it counts as the last that began to wait.
    fn rank(&self) -> Option<Rank> {
        let since = match self.waiting_since.load(Ordering::Relaxed) {
            WORKING => return None,
            AT_HAND => u64::MAX,
            since => since,
        };
        Some((!self.has_sent.load(Ordering::Relaxed), since))
    }
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) connection: Arc<Connection>,
    client: Client,
    connections: Arc<Connections>,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits, metrics: Metrics) -> Self {
        let log = Allowance::new(1, LOGGED_EVERY);
        let pipelined_turns = Arc::new(Semaphore::new(PIPELINED_AT_A_TIME));
        Self { limits, open: Mutex::default(), metrics, epoch: Instant::now(), log, pipelined_turns }
    }

    /// Counts a new connection from `peer`. `None` if there are as many as may be and the server works for all of them.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr, is_proxy: bool) -> Option<Admitted> {
        let client = match network_of(peer) {
            address if is_proxy => Client::Proxy(address),
            network => Client::Network(network),
        };
        let mut open = self.lock();
        let of_client = open.by_client.get(&client).map_or(0, Vec::len);
        if !is_proxy && of_client >= self.limits.per_address {
            self.make_room(&mut open, Some(client), CutReason::AddressLimit)?;
        }
        if open.total >= self.limits.total {
            self.make_room(&mut open, None, CutReason::Limit)?;
        }
        let connection = Arc::new(Connection {
            waiting_since: AtomicU64::new(AT_HAND),
            was_silent: AtomicBool::new(true),
            has_sent: AtomicBool::new(false),
            pipelined_turns: Arc::clone(&self.pipelined_turns),
            epoch: self.epoch,
            cut: Notify::new(),
        });
        open.by_client.entry(client).or_default().push(Arc::clone(&connection));
        open.total += 1;
        self.metrics.client_connections(open.total);
        drop(open);
        Some(Admitted { connection, client, connections: Arc::clone(self) })
    }

    /// Cuts the connection that waits longest: of `client`, or of whoever has most.
    fn make_room(&self, open: &mut Open, client: Option<Client>, reason: CutReason) -> Option<()> {
        if self.log.take(self.epoch.elapsed()).is_granted {
            tracing::warn!(
                connections = open.total,
                %reason,
                "there are as many connections as may be: new ones take the place of those that wait longest \
                 (RIQ_CONNECTIONS, RIQ_CONNECTIONS_PER_ADDRESS)"
            );
        }
        let longest = match client {
            Some(client) => open.longest_waiting_of(&client).map(|(_, at)| (client, at)),
            None => open.longest_waiting(),
        };
        let Some((client, at)) = longest else {
            self.metrics.connection_cut(CutReason::Refused);
            return None;
        };
        let cut = open.remove(&client, at)?;
        cut.cut.notify_one();
        self.metrics.connection_cut(reason);
        Some(())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Every step leaves it valid.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Where the connection is that waits longest, among those of the client that has most. Proxies come last.
    fn longest_waiting(&self) -> Option<(Client, usize)> {
        let waiting = self.by_client.iter().filter_map(|(client, connections)| {
            let (rank, at) = self.longest_waiting_of(client)?;
            let count = if matches!(client, Client::Proxy(_)) { 0 } else { connections.len() };
            Some(((count, Reverse(rank)), (*client, at)))
        });
        waiting.max_by_key(|(rank, _)| *rank).map(|(_, place)| place)
    }

    /// The rank of a client's connection that makes room first, and where it is.
    fn longest_waiting_of(&self, client: &Client) -> Option<(Rank, usize)> {
        let connections = self.by_client.get(client)?.iter().enumerate();
        connections.filter_map(|(at, connection)| Some((connection.rank()?, at))).min()
    }

    fn remove(&mut self, client: &Client, at: usize) -> Option<Arc<Connection>> {
        let connections = self.by_client.get_mut(client)?;
        // In order, because those that wait longest are cut first.
        let removed = connections.remove(at);
        if connections.is_empty() {
            self.by_client.remove(client);
        }
        self.total -= 1;
        Some(removed)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        let connections = open.by_client.get(&self.client);
        let place = connections.and_then(|all| all.iter().position(|one| Arc::ptr_eq(one, &self.connection)));
        // One that was cut is counted no more.
        if let Some(at) = place {
            open.remove(&self.client, at);
        }
        self.connections.metrics.client_connections(open.total);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;

    fn connections(total: usize, per_address: usize) -> Arc<Connections> {
        Arc::new(Connections::new(ConnectionLimits { total, per_address }, Metrics::default()))
    }

    fn from(connections: &Arc<Connections>, peer: &str) -> Option<Admitted> {
        connections.admit(peer.parse().unwrap(), false)
    }

    fn is_cut(admitted: &Admitted) -> bool {
        admitted.connection.is_cut().now_or_never().is_some()
    }

    /// Waits since this many milliseconds.
    fn wait_since(admitted: &Admitted, since: u64) {
        admitted.connection.waiting_since.store(since, Ordering::Relaxed);
    }

    #[test]
    fn who_waits_longest_makes_room_at_its_own_address() {
        let connections = connections(100, 2);
        let other = from(&connections, "192.0.2.2").unwrap();
        wait_since(&other, 1);
        let (one, two) = (from(&connections, "192.0.2.1").unwrap(), from(&connections, "192.0.2.1").unwrap());
        wait_since(&one, 30);
        wait_since(&two, 20);
        let three = from(&connections, "::ffff:192.0.2.1").unwrap();
        assert!(is_cut(&two) && !is_cut(&one) && !is_cut(&three) && !is_cut(&other));
        assert_eq!(connections.lock().total, 3);
        drop(two);
        assert_eq!(connections.lock().total, 3, "it was counted no more");
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let connections = connections(100, 1);
        let one = from(&connections, "2001:db8::1").unwrap();
        let other = from(&connections, "2001:db8:0:1::1").unwrap();
        let _same = from(&connections, "2001:db8::2").unwrap();
        assert!(is_cut(&one) && !is_cut(&other));
    }

    #[test]
    fn whom_the_server_works_for_is_not_cut() {
        let connections = connections(100, 1);
        let one = from(&connections, "192.0.2.1").unwrap();
        one.connection.work();
        one.connection.is_silent();
        assert!(from(&connections, "192.0.2.1").is_none());
        one.connection.answered();
        assert!(from(&connections, "192.0.2.1").is_some());
        assert!(is_cut(&one));
    }

    #[test]
    fn beyond_the_total_who_has_most_makes_room() {
        let connections = connections(4, 3);
        let proxy = connections.admit("10.0.0.1".parse().unwrap(), true).unwrap();
        let few = from(&connections, "192.0.2.1").unwrap();
        let most: Vec<Admitted> = (0..2).map(|_| from(&connections, "192.0.2.2").unwrap()).collect();
        for (admitted, since) in [(&proxy, 1), (&few, 1), (&most[0], 9), (&most[1], 8)] {
            wait_since(admitted, since);
        }
        let new = from(&connections, "192.0.2.3").unwrap();
        assert!(is_cut(&most[1]) && !is_cut(&most[0]) && !is_cut(&few) && !is_cut(&proxy));
        for admitted in [&few, &most[0], &new] {
            admitted.connection.work();
        }
        let _newer = from(&connections, "192.0.2.4").unwrap();
        assert!(is_cut(&proxy), "nobody else waits");
    }

    #[test]
    fn a_trusted_proxy_has_no_limit_of_its_own() {
        let connections = connections(100, 1);
        let proxy = || connections.admit("10.0.0.1".parse().unwrap(), true).unwrap();
        let (one, two) = (proxy(), proxy());
        assert!(!is_cut(&one) && !is_cut(&two));
        drop((one, two));
        let open = connections.lock();
        assert!(open.total == 0 && open.by_client.is_empty());
    }

    #[test]
    fn a_connection_waits_from_the_first_time_on() {
        let connections = connections(1, 1);
        let one = from(&connections, "192.0.2.1").unwrap();
        wait_since(&one, 5);
        one.connection.wait();
        assert_eq!(one.connection.rank(), Some((true, 5)));
        one.connection.work();
        assert_eq!(one.connection.rank(), None);
        one.connection.wait_for_more();
        assert!(one.connection.rank().is_some_and(|(_, since)| since < u64::MAX));
    }

    #[test]
    fn whoever_has_come_is_looked_at_before_it_makes_room() {
        let connections = connections(2, 2);
        let new = from(&connections, "192.0.2.1").unwrap();
        let waiting = from(&connections, "192.0.2.1").unwrap();
        waiting.connection.is_silent();
        let _newer = from(&connections, "192.0.2.1").unwrap();
        assert!(is_cut(&waiting) && !is_cut(&new));
    }

    #[test]
    fn whose_request_may_be_on_the_way_makes_room_last() {
        let connections = connections(2, 2);
        let (new, slow) =
            (from(&connections, "192.0.2.1").unwrap(), from(&connections, "192.0.2.1").unwrap());
        wait_since(&new, 1);
        wait_since(&slow, 2);
        slow.connection.has_sent();
        let newer = from(&connections, "192.0.2.1").unwrap();
        assert!(is_cut(&slow) && !is_cut(&new));
        wait_since(&newer, 3);
        let _newest = from(&connections, "192.0.2.1").unwrap();
        assert!(is_cut(&new) && !is_cut(&newer));
    }

    #[tokio::test]
    async fn who_does_not_wait_for_answers_takes_turns() {
        let connections = connections(100, 100);
        let admitted: Vec<Admitted> =
            (0..=PIPELINED_AT_A_TIME).map(|_| from(&connections, "192.0.2.1").unwrap()).collect();
        let (last, hasty) = admitted.split_last().unwrap();
        let mut turns = Vec::new();
        for one in hasty {
            assert!(one.connection.turn().await.is_none(), "the first request follows no other");
            turns.push(one.connection.turn().await);
        }
        assert!(last.connection.turn().await.is_none());
        last.connection.is_silent();
        assert!(last.connection.turn().await.is_none(), "it waited, so it needs no turn");
        let mut next = pin!(last.connection.turn());
        assert!(next.as_mut().now_or_never().is_none(), "now it did not");
        turns.pop();
        assert!(next.await.is_some());
    }
}
