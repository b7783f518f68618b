//! Rate limits: so many requests in any 60 seconds, for each API key and for each address without one.
//!
//! A sliding window of one-second buckets. It holds the last 60 whole seconds and the one under way, so that no
//! 60 seconds, wherever they begin, ever see more than the limit.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use integrations_core::ids::ApiKeyId;
use quick_cache::sync::Cache;

/// The length of the window, in seconds.
const WINDOW: i64 = 60;
const BUCKETS: usize = WINDOW as usize + 1;
/// How many callers of each kind are remembered at a time: a bound on memory, 400 bytes each.
const CALLERS: usize = 50_000;

/// Whom a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A caller with a key.
    Key(ApiKeyId),
    /// A caller without.
    Address(IpAddr),
}

impl Subject {
    /// A caller without a key: by address, and by network of 64 bits for IPv6, where one person has so many.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }
}

/// What the limiter says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests in 60 seconds.
    pub limit: u32,
    /// Requests that would still be allowed at this moment.
    pub remaining: u32,
    /// When the oldest request that counts leaves the window, in seconds of the Unix epoch.
    pub reset: i64,
}

/// The windows of the callers that were heard of last. Those with keys and those without are kept apart, so that
/// any number of addresses cannot push a key's window out.
#[derive(Debug)]
pub struct RateLimiter {
    keys: Windows,
    addresses: Windows,
}

type Windows = Cache<Subject, Arc<Mutex<Window>>>;

impl Default for RateLimiter {
    fn default() -> Self {
        Self { keys: Cache::new(CALLERS), addresses: Cache::new(CALLERS) }
    }
}

impl RateLimiter {
    /// Counts a request of `subject` at `now` (seconds of the Unix epoch), where its limit allows it.
    pub fn check(&self, subject: Subject, limit: u32, now: i64) -> Verdict {
        let windows = self.windows(subject);
        let window = windows.get(&subject).unwrap_or_else(|| {
            let fresh = Ok::<_, Infallible>(Arc::default());
            windows.get_or_insert_with(&subject, || fresh).unwrap_or_else(|never| match never {})
        });
        // A window is whole after every step: a panic elsewhere cannot have left it otherwise.
        window.lock().unwrap_or_else(PoisonError::into_inner).check(limit, now)
    }

    /// Whether a request of `subject` at `now` would be refused. Counts nothing.
    pub fn is_exhausted(&self, subject: Subject, limit: u32, now: i64) -> bool {
        self.windows(subject).get(&subject).is_some_and(|window| {
            let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
            window.slide(now);
            window.total >= limit
        })
    }

    fn windows(&self, subject: Subject) -> &Windows {
        match subject {
            Subject::Key(_) => &self.keys,
            Subject::Address(_) => &self.addresses,
        }
    }
}

/// The requests of one caller: how many in each of the last seconds.
#[derive(Debug)]
struct Window {
    counts: [u32; BUCKETS],
    total: u32,
    /// The second that the newest bucket stands for.
    newest: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0, newest: 0 }
    }
}

impl Window {
    fn check(&mut self, limit: u32, now: i64) -> Verdict {
        self.slide(now);
        let allowed = self.total < limit;
        if allowed {
            self.counts[bucket(self.newest)] += 1;
            self.total += 1;
        }
        Verdict { allowed, limit, remaining: limit.saturating_sub(self.total), reset: self.reset() }
    }

    /// Drops what has left the window. A clock that goes back moves nothing.
    fn slide(&mut self, now: i64) {
        if now - self.newest >= BUCKETS as i64 {
            (self.counts, self.total) = ([0; BUCKETS], 0);
        } else {
            for second in self.newest + 1..=now {
                self.total -= std::mem::take(&mut self.counts[bucket(second)]);
            }
        }
        self.newest = self.newest.max(now);
    }

    fn reset(&self) -> i64 {
        let oldest = (self.newest - WINDOW..=self.newest).find(|second| self.counts[bucket(*second)] > 0);
        oldest.unwrap_or(self.newest) + BUCKETS as i64
    }
}

fn bucket(second: i64) -> usize {
    second.rem_euclid(BUCKETS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn random_walk(seed: u64) -> impl Iterator<Item = u64> {
        // Marsaglia's xorshift: enough to vary the test, the same every time.
        std::iter::successors(Some(seed), |x| {
            let x = x ^ (x << 13);
            let x = x ^ (x >> 7);
            Some(x ^ (x << 17))
        })
    }

    #[test]
    fn the_limit_is_given_and_then_refused_until_the_reset() {
        let limiter = RateLimiter::default();
        let subject = Subject::Key(ApiKeyId::from_bits(1));
        for used in 1..=3 {
            let verdict = limiter.check(subject, 3, NOW);
            assert_eq!(verdict, Verdict { allowed: true, limit: 3, remaining: 3 - used, reset: NOW + 61 });
        }
        assert!(!limiter.check(subject, 3, NOW + 60).allowed);
        assert!(limiter.is_exhausted(subject, 3, NOW + 60));
        assert!(!limiter.is_exhausted(subject, 3, NOW + 61));
        assert!(limiter.check(subject, 3, NOW + 61).allowed);
    }

    #[test]
    fn callers_do_not_count_for_each_other() {
        let limiter = RateLimiter::default();
        let address = |text: &str| Subject::address(text.parse().unwrap());
        assert!(limiter.check(address("192.0.2.1"), 1, NOW).allowed);
        assert!(limiter.check(address("192.0.2.2"), 1, NOW).allowed);
        assert!(!limiter.check(address("::ffff:192.0.2.1"), 1, NOW).allowed, "the same address, mapped");
        assert!(limiter.check(address("2001:db8::1"), 1, NOW).allowed);
        assert!(!limiter.check(address("2001:db8::2"), 1, NOW).allowed, "the same network");
        assert!(limiter.check(address("2001:db8:0:1::1"), 1, NOW).allowed);
        assert!(limiter.check(Subject::Key(ApiKeyId::from_bits(1)), 1, NOW).allowed);
    }

    #[test]
    fn a_lower_limit_counts_what_was_used_under_the_higher() {
        let mut window = Window::default();
        (0..10).for_each(|_| assert!(window.check(10, NOW).allowed));
        let verdict = window.check(5, NOW + 1);
        assert!(!verdict.allowed);
        assert_eq!(verdict.remaining, 0);
    }

    #[test]
    fn a_clock_that_goes_back_frees_nothing() {
        let mut window = Window::default();
        assert!(window.check(1, NOW).allowed);
        assert!(!window.check(1, NOW - 3_600).allowed);
        assert!(!window.check(1, NOW + 1).allowed);
    }

    /// Against the plain definition: a list of every allowed request.
    #[test]
    fn no_sixty_seconds_see_more_than_the_limit_and_none_is_refused_below_it() {
        for seed in 1..20 {
            let (mut window, mut log, mut now) = (Window::default(), Vec::<i64>::new(), NOW);
            for step in random_walk(seed).take(3_000) {
                now += (step % 7 == 0) as i64 * (step / 7 % 9) as i64;
                let limit = 40;
                let in_window = log.iter().filter(|at| **at >= now - WINDOW).count();
                let verdict = window.check(limit, now);
                assert_eq!(verdict.allowed, in_window < limit as usize, "seed {seed} at {now}");
                if verdict.allowed {
                    log.push(now);
                }
                let oldest = log.iter().find(|at| **at >= now - WINDOW).unwrap();
                assert_eq!(verdict.reset, oldest + 61, "seed {seed} at {now}");
            }
        }
    }
}
