//! The time and randomness.
//!
//! Both are passed in, so that tests can set them. `clippy.toml` bans direct use of the system's.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use integrations_core::{
    ids::{Id, Kind},
    schedule::Spread,
};
use rand::{Rng as _, TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// How many bits of an id are not its time.
const RANDOM: u32 = 72;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC. A person or a time server may set it, also back.
    fn now(&self) -> OffsetDateTime;

    /// Waits for this long.
    fn pause(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    /// How long this clock has run. It only grows, at the same pace, whatever is set.
    fn uptime(&self) -> Duration;
}

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` for a key or nonce, directly from the operating system.
    fn fill_secret(&self, bytes: &mut [u8]);

    /// Fills `bytes` for an id, which must be unique but is not secret.
    fn fill_id(&self, bytes: &mut [u8]) {
        self.fill_secret(bytes);
    }
}

/// The clock and the randomness of one running server.
#[derive(Clone)]
pub struct Environment {
    clock: Arc<dyn Clock>,
    /// What the time was at the uptime of zero, as far as was known when this was made.
    began: OffsetDateTime,
    entropy: Arc<dyn Entropy>,
}

impl Environment {
    /// The clock and randomness of the operating system.
    pub fn system() -> Self {
        let clock = SystemClock(Instant::now());
        Self { began: clock.now(), clock: Arc::new(clock), entropy: Arc::new(SystemEntropy) }
    }

    /// The same randomness with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { began: clock.now() - clock.uptime(), clock, ..self }
    }

    /// Now, in UTC, truncated to the microseconds that both databases store.
    pub fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        let cut = now.nanosecond() / 1_000 * 1_000;
        now.replace_nanosecond(cut).unwrap_or(now)
    }

    /// Waits for this long.
    pub async fn pause(&self, time: Duration) {
        self.clock.pause(time).await;
    }

    /// How long the clock has run, for intervals within this process.
    pub fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    /// The time as it would be if nobody had set it since this process began: for intervals that replicas share. It is
    /// not to be shown or stored.
    pub fn steady(&self) -> OffsetDateTime {
        self.began + self.clock.uptime()
    }

    /// Fresh random bytes, fit for keys and nonces.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill_secret(&mut bytes);
        bytes
    }

    /// A random UUID (RFC 9562, section 5.4), as text.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.fill_id(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// A random spread.
    pub fn spread(&self) -> Spread {
        let mut bits = [0; 4];
        self.entropy.fill_id(&mut bits);
        Spread::from_bits(u32::from_be_bytes(bits))
    }

    /// A new id: 56 bits of time in microseconds, then 72 random bits, so that ids sort by their time of creation.
    pub fn id<K: Kind>(&self) -> Id<K> {
        let microseconds = self.clock.now().unix_timestamp_nanos() / 1_000;
        let mut random = [0; 16];
        self.entropy.fill_id(&mut random[7..]);
        let time = u128::try_from(microseconds).unwrap_or(0) << RANDOM;
        Id::from_bits(time | u128::from_be_bytes(random))
    }
}

/// The smallest id that [`Environment::id`] makes at this moment.
pub(crate) fn first_id_at<K: Kind>(moment: OffsetDateTime) -> Id<K> {
    let microseconds = u128::try_from(moment.unix_timestamp_nanos() / 1_000).unwrap_or(0);
    Id::from_bits(microseconds << RANDOM)
}

/// An id that follows from what it is of: it has the time of `beside`, the bits of another id, and 72 bits of the
/// SHA-256 of `parts` in place of random ones.
pub(crate) fn derived_id<K: Kind>(beside: u128, parts: &[&str]) -> Id<K> {
    // Each part ends with a byte that is in none of them.
    let digest = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update([0]));
    let bits = digest.finalize().iter().take(16).fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
    Id::from_bits(beside >> RANDOM << RANDOM | bits >> (u128::BITS - RANDOM))
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// The system's clock, and when it was first asked.
struct SystemClock(Instant);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "the server cannot make keys without randomness")]
    fn fill_secret(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("the operating system's randomness");
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that uses the thread's generator")]
    fn fill_id(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::ProjectId;
    use time::macros::datetime;

    use super::*;

    struct Fixed(OffsetDateTime);

    impl Clock for Fixed {
        fn now(&self) -> OffsetDateTime {
            self.0
        }

        fn uptime(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn the_time_is_cut_to_microseconds() {
        let clock = Fixed(datetime!(2026-03-01 10:00:00.123456789 UTC));
        let environment = Environment::system().with_clock(Arc::new(clock));
        assert_eq!(environment.now(), datetime!(2026-03-01 10:00:00.123456 UTC));
    }

    #[test]
    fn later_ids_sort_later_and_ids_of_one_moment_differ() {
        let at = |time| Environment::system().with_clock(Arc::new(Fixed(time)));
        let early: ProjectId = at(datetime!(2026-03-01 10:00:00 UTC)).id();
        let late: ProjectId = at(datetime!(2026-03-01 10:00:00.000001 UTC)).id();
        assert!(early.to_string() < late.to_string());
        assert_ne!(early, at(datetime!(2026-03-01 10:00:00 UTC)).id());
    }
}
