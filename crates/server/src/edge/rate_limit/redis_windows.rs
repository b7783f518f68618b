//! Windows in Redis, which all replicas share.
//!
//! A request takes one script, which is one round trip and which Redis runs atomically. If Redis does not answer in
//! time, the replica counts by itself, until one task has reconnected.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
    Script, aio::MultiplexedConnection,
};
use tokio::sync::Notify;

use super::{partition_key::PartitionKey, quota::Quota, window::WINDOW};
use crate::{
    jobs::{Backoff, Job, Next},
    metrics::Metrics,
};

const SCRIPT: &str = include_str!("sliding_window.lua");
/// The beginning of every key.
const PREFIX: &str = "riq:rate:";
/// How long one attempt to connect may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);
/// The first and the longest pause before the next attempt to connect. Each is twice as long as the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// How long a connection must last before the pauses start again from the first. So a Redis that keeps failing is tried
/// less and less often.
const PROVEN_AFTER: Duration = Duration::from_secs(30);

/// The address of Redis. It is a secret, because it may hold a password.
#[derive(Clone)]
pub struct RedisUrl(ConnectionInfo);

/// The text is not the address of a Redis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss://… for TLS, and in its parts # written as %23, \
     / as %2F, ? as %3F, @ as %40 and % as %25"
)]
pub struct InvalidRedisUrl;

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(text: &str) -> Result<Self, InvalidRedisUrl> {
        let text = text.trim();
        let is_known = text.starts_with("redis://") || text.starts_with("rediss://");
        // In `redis://riq:12#34@cache` a part of the password would be read as the port, and shown.
        let (_, rest) = text.split_once("://").ok_or(InvalidRedisUrl)?;
        if rest.find(['/', '?', '#']).is_some_and(|end| rest[end..].contains(['@', '#'])) {
            return Err(InvalidRedisUrl);
        }
        let info = text.into_connection_info().map_err(|_| InvalidRedisUrl)?;
        // `#insecure` asks the library not to check the certificate.
        let is_insecure = matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. });
        if is_known && !is_insecure { Ok(Self(info)) } else { Err(InvalidRedisUrl) }
    }
}

impl RedisUrl {
    /// The part of it that is not secret: host and port.
    pub fn place(&self) -> String {
        self.0.addr().to_string()
    }

    /// Fails if what the rate limits need does not answer there within `patience`. Changes nothing.
    pub async fn look(&self, patience: Duration) -> Result<(), RedisError> {
        SharedWindows::new(self, patience, Metrics::default())?.connect(Count::No).await?;
        Ok(())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({})", self.place())
    }
}

/// The windows that all replicas share.
#[derive(Debug)]
pub(super) struct SharedWindows {
    client: Client,
    /// Host and port.
    place: String,
    script: Script,
    /// How long a request waits for an answer.
    patience: Duration,
    /// `None` while Redis is away.
    connection: RwLock<Option<Connection>>,
    lost: Notify,
    /// Whether the log has said that Redis is away since the last connection.
    is_absence_logged: AtomicBool,
    metrics: Metrics,
}

#[derive(Clone)]
struct Connection {
    channel: MultiplexedConnection,
    made: Instant,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// Whether a request is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// It is counted if its limit allows it.
    Yes,
    /// It is not counted: only the quota is wanted.
    No,
}

impl SharedWindows {
    /// Windows in the Redis at `url`. [`RedisConnection`] connects to it. A request waits for an answer for at most
    /// `patience`.
    pub(super) fn new(url: &RedisUrl, patience: Duration, metrics: Metrics) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(url.0.clone())?,
            place: url.place(),
            script: Script::new(SCRIPT),
            patience,
            connection: RwLock::default(),
            lost: Notify::new(),
            is_absence_logged: AtomicBool::new(false),
            metrics,
        })
    }

    /// The quota for a request of `key` at `now`. `None` if Redis does not answer.
    pub(super) async fn ask(&self, key: PartitionKey, limit: u32, now: i64, count: Count) -> Option<Quota> {
        if let Some(connection) = self.connection() {
            match self.run(&connection, &key.to_string(), limit, now, count).await {
                Ok(quota) => return Some(quota),
                Err(error) => self.drop_connection(&connection, &error),
            }
        }
        if count == Count::Yes {
            self.metrics.rate_limit_fallback();
        }
        None
    }

    /// Connects and runs the script once: a Redis that is still loading fails it, and if `trial` counts, one that
    /// accepts no writes.
    async fn connect(&self, trial: Count) -> Result<Connection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_PATIENCE))
            .set_response_timeout(Some(self.patience));
        let channel = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let connection = Connection { channel, made: Instant::now() };
        self.run(&connection, "trial", u32::MAX, 0, trial).await?;
        Ok(connection)
    }

    async fn run(
        &self,
        connection: &Connection,
        key: &str,
        limit: u32,
        now: i64,
        count: Count,
    ) -> Result<Quota, RedisError> {
        let mut call = self.script.key(format!("{PREFIX}{key}"));
        call.arg(now).arg(limit).arg(WINDOW).arg(i64::from(count == Count::Yes));
        let (allowed, total, reset): (bool, u32, i64) =
            call.invoke_async(&mut connection.channel.clone()).await?;
        // Redis may hold what a replica counted whose clock is ahead. It expires by itself in this time.
        let reset = reset.min(now + WINDOW + 1);
        Ok(Quota { allowed, limit, remaining: limit.saturating_sub(total), reset })
    }

    fn connection(&self) -> Option<Connection> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn use_connection(&self, connection: Connection) {
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        self.is_absence_logged.store(false, Ordering::Relaxed);
        self.metrics.rate_limiter_shared(true);
        tracing::info!(redis = self.place, "rate limits are shared with the other replicas");
    }

    /// Drops a failed connection, unless another request has done so: many requests share one.
    fn drop_connection(&self, failed: &Connection, error: &RedisError) {
        let mut current = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|connection| connection.made == failed.made) {
            *current = None;
            drop(current);
            self.metrics.rate_limiter_shared(false);
            self.log_absence(error);
            self.lost.notify_one();
        }
    }

    fn log_absence(&self, error: &RedisError) {
        if !self.is_absence_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(redis = self.place, %error, "Redis is away: this replica counts requests by itself until Redis is back");
        }
    }
}

/// The job that keeps the connection to Redis: it connects, and reconnects whenever the connection is lost.
#[derive(Debug)]
pub struct RedisConnection {
    windows: Arc<SharedWindows>,
    /// The pauses after connections that did not last.
    pauses: Backoff,
}

impl RedisConnection {
    pub(super) fn new(windows: Arc<SharedWindows>) -> Self {
        Self { windows, pauses: Backoff::new(PAUSES.0, PAUSES.1) }
    }
}

impl Job for RedisConnection {
    type Error = RedisError;
    const NAME: &'static str = "redis_connection";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::new(PAUSES.0, PAUSES.1)
    }

    /// A round lasts as long as the connection.
    async fn round(&mut self) -> Result<Next, RedisError> {
        let connection = self.windows.connect(Count::Yes).await?;
        let made = connection.made;
        self.windows.use_connection(connection);
        self.windows.lost.notified().await;
        if made.elapsed() > PROVEN_AFTER {
            self.pauses.reset();
        }
        Ok(Next::In(self.pauses.next_pause()))
    }

    fn report_failure(&self, error: &RedisError) {
        self.windows.log_absence(error);
    }

    /// `SharedWindows` logs a new connection itself.
    fn report_recovery(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_does_not_show_its_password() {
        for text in ["redis://riq:hunter2@cache.internal:6380/2", "rediss://:hunter2@cache.internal"] {
            let url: RedisUrl = text.parse().unwrap();
            let shown = format!("{url:?}");
            assert!(shown.contains("cache.internal:63") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_address_or_not_safe_is_refused() {
        for text in [
            "",
            "cache.internal:6379",
            "http://cache.internal",
            "unix:///run/redis.sock",
            "redis://",
            "redis://h/notadatabase",
            "rediss://cache.internal/#insecure",
            "redis://riq:12#34@cache.internal",
            "redis://riq:12/34@cache.internal",
            "redis://riq:12?34@cache.internal",
        ] {
            assert_eq!(text.parse::<RedisUrl>().err(), Some(InvalidRedisUrl), "{text}");
        }
    }
}
