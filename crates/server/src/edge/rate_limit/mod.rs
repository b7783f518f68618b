//! Rate limits: a number of requests in any 60 seconds, for each API key and for each address without a key.
//!
//! It is a sliding window of one-second buckets. The window holds the last 60 whole seconds and the current one, so
//! that no period of 60 seconds sees more requests than the limit.

mod partition_key;
mod quota;
mod redis_windows;
mod window;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;

pub(in crate::edge) use self::partition_key::network_of;
pub use self::{
    partition_key::PartitionKey,
    quota::Quota,
    redis_windows::{InvalidRedisUrl, RedisConnection, RedisUrl},
};
use self::{
    redis_windows::{Count, SharedWindows},
    window::Window,
};
use crate::metrics::Metrics;

/// The most callers of each kind that are remembered. It bounds the memory: a caller takes 400 bytes.
const CALLERS: usize = 50_000;
/// The same for what is counted seldom: beyond a limit, and for wrong tokens.
const SELDOM: usize = 5_000;

/// Decides whether a request is within its caller's limit. It uses windows in Redis, which all replicas share. Without
/// Redis, or while Redis does not answer, it uses the windows of this process.
#[derive(Debug)]
pub struct RateLimiter {
    here: Windows,
    shared: Option<Arc<SharedWindows>>,
}

impl RateLimiter {
    /// A limiter that counts in this process.
    pub fn alone() -> Self {
        Self { here: Windows::default(), shared: None }
    }

    /// A limiter that counts in Redis, once the job of [`RateLimiter::redis_connection`] has connected. A request waits
    /// for Redis for at most `patience`.
    pub fn shared(url: &RedisUrl, patience: Duration, metrics: Metrics) -> Result<Self, redis::RedisError> {
        let shared = Arc::new(SharedWindows::new(url, patience, metrics)?);
        Ok(Self { here: Windows::default(), shared: Some(shared) })
    }

    /// Counts a request of `key` at `now`, if the limit allows it. `now` is in seconds of the Unix epoch, by a clock
    /// that nobody sets ([`crate::environment::Environment::steady`]), and so is the reset.
    pub async fn check(&self, key: PartitionKey, limit: u32, now: i64) -> Quota {
        let Some(shared) = &self.shared else { return self.here.check(key, limit, now) };
        match shared.ask(key, limit, now, Count::Yes).await {
            Some(quota) => {
                // Counted here too, so that callers do not start from zero if Redis goes away.
                if quota.allowed {
                    self.here.check(key, limit, now);
                }
                quota
            }
            None => self.here.check(key, limit, now),
        }
    }

    /// Like [`RateLimiter::check`], but counts in this process only: for requests that cannot wait.
    pub fn check_here(&self, key: PartitionKey, limit: u32, now: i64) -> Quota {
        self.here.check(key, limit, now)
    }

    /// Like [`RateLimiter::look`], but in this process only.
    pub fn look_here(&self, key: PartitionKey, limit: u32, now: i64) -> Quota {
        self.here.look(key, limit, now)
    }

    /// The quota for a request of `key` at `now`, without counting it.
    pub async fn look(&self, key: PartitionKey, limit: u32, now: i64) -> Quota {
        let asked = match &self.shared {
            Some(shared) => shared.ask(key, limit, now, Count::No).await,
            None => None,
        };
        asked.unwrap_or_else(|| self.here.look(key, limit, now))
    }

    /// The job that keeps the connection to Redis. `None` without Redis.
    pub fn redis_connection(&self) -> Option<RedisConnection> {
        self.shared.clone().map(RedisConnection::new)
    }
}

/// The windows of the most recent callers. Keys and addresses have separate caches, so that many addresses cannot evict
/// a key's window.
#[derive(Debug)]
struct Windows {
    keys: Cache<PartitionKey, Arc<Mutex<Window>>>,
    addresses: Cache<PartitionKey, Arc<Mutex<Window>>>,
    seldom: Cache<PartitionKey, Arc<Mutex<Window>>>,
    polls: Cache<PartitionKey, Arc<Mutex<Window>>>,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            keys: Cache::new(CALLERS),
            addresses: Cache::new(CALLERS),
            seldom: Cache::new(SELDOM),
            polls: Cache::new(SELDOM),
        }
    }
}

impl Windows {
    fn check(&self, key: PartitionKey, limit: u32, now: i64) -> Quota {
        let windows = self.of(key);
        let window = windows.get(&key).unwrap_or_else(|| {
            let fresh = Ok::<_, Infallible>(Arc::default());
            windows.get_or_insert_with(&key, || fresh).unwrap_or_else(|never| match never {})
        });
        whole(&window).check(limit, now)
    }

    fn look(&self, key: PartitionKey, limit: u32, now: i64) -> Quota {
        match self.of(key).get(&key) {
            Some(window) => whole(&window).look(limit, now),
            None => Window::default().look(limit, now),
        }
    }

    fn of(&self, key: PartitionKey) -> &Cache<PartitionKey, Arc<Mutex<Window>>> {
        match key {
            PartitionKey::ApiKey(_) => &self.keys,
            PartitionKey::Address(_) => &self.addresses,
            PartitionKey::DevicePolls(_) => &self.polls,
            PartitionKey::Lookups(_)
            | PartitionKey::MetricsTokens(_)
            | PartitionKey::DeviceLogins(_)
            | PartitionKey::UserCodes(_)
            | PartitionKey::UserCodesOf(_) => &self.seldom,
        }
    }
}

/// Locks a window. A poisoned lock is ignored, because a window is valid after every step.
fn whole(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::ApiKeyId;

    use super::*;

    const NOW: i64 = 1_780_000_000;

    #[test]
    fn the_limit_is_given_and_then_refused_until_the_reset() {
        let limiter = Windows::default();
        let key = PartitionKey::ApiKey(ApiKeyId::from_bits(1));
        for used in 1..=3 {
            let quota = limiter.check(key, 3, NOW);
            assert_eq!(quota, Quota { allowed: true, limit: 3, remaining: 3 - used, reset: NOW + 61 });
        }
        assert!(!limiter.check(key, 3, NOW + 60).allowed);
        assert!(!limiter.look(key, 3, NOW + 60).allowed);
        let free = Quota { allowed: true, limit: 3, remaining: 3, reset: NOW + 61 + 61 };
        assert_eq!(limiter.look(key, 3, NOW + 61), free, "and counts nothing");
        assert!(limiter.check(key, 3, NOW + 61).allowed);
    }

    #[test]
    fn callers_do_not_count_for_each_other() {
        let limiter = Windows::default();
        let address = |text: &str| PartitionKey::address(text.parse().unwrap());
        assert!(limiter.check(address("192.0.2.1"), 1, NOW).allowed);
        assert!(limiter.check(address("192.0.2.2"), 1, NOW).allowed);
        assert!(!limiter.check(address("::ffff:192.0.2.1"), 1, NOW).allowed, "the same address, mapped");
        assert!(limiter.check(address("2001:db8::1"), 1, NOW).allowed);
        assert!(!limiter.check(address("2001:db8::2"), 1, NOW).allowed, "the same network");
        assert!(limiter.check(address("2001:db8:0:1::1"), 1, NOW).allowed);
        assert!(limiter.check(PartitionKey::ApiKey(ApiKeyId::from_bits(1)), 1, NOW).allowed);
    }
}
