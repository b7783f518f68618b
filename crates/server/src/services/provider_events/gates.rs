//! The gates of addresses: what rubbish at one address costs, and what it cannot cost others.
//!
//! Nothing is at most addresses that somebody makes up, and that is remembered. An address that there is has a gate. A
//! request that is refused there takes from an allowance, and what comes when that is used up is turned away before
//! anything is read. The bodies under way have bounded room, at each address and in all.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// How many addresses are remembered: those with a gate, and those at which there is nothing.
const REMEMBERED: usize = 20_000;
/// How many requests may look for an address at once that was not seen lately.
const LOOKUPS: usize = 8;
/// How many refusals an address may have at once, and how many more a second. A provider that tries whether wrong
/// signatures are refused never meets the limit.
const REFUSALS: f64 = 200.0;
const REFUSALS_A_SECOND: f64 = 10.0;
/// How much room bodies have, in KiB: in all, and at one address.
const ROOM: u32 = 256 * 1024;
const ROOM_OF_ONE: u32 = 64 * 1024;
/// The least that a request takes, in KiB, so that the number of requests is bounded too.
const LEAST: u32 = 256;
/// How long a request waits for room.
const PATIENCE: Duration = Duration::from_secs(2);

/// An address, as it is remembered: a digest of it.
pub(super) type Digest = [u8; 32];

/// The gates of all addresses.
#[derive(Debug)]
pub(super) struct Gates {
    /// Addresses at which there is nothing. Secrets are random, so there never will be.
    absent: Cache<Digest, ()>,
    open: Cache<Digest, Arc<Gate>>,
    lookups: Semaphore,
    room: Arc<Semaphore>,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            absent: Cache::new(REMEMBERED),
            open: Cache::new(REMEMBERED),
            lookups: Semaphore::new(LOOKUPS),
            room: Arc::new(Semaphore::new(ROOM as usize)),
        }
    }
}

/// The gate of an address.
#[derive(Debug)]
pub(super) struct Gate {
    allowance: Mutex<Allowance>,
    room: Arc<Semaphore>,
}

/// What may still be refused, and when that was so.
#[derive(Debug)]
struct Allowance {
    left: f64,
    at: Duration,
}

/// Room for a body, until it is dropped.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "held until it is dropped")] [OwnedSemaphorePermit; 2]);

impl Gates {
    /// An address, as it is remembered.
    pub(super) fn digest(source: &str, secret: &str) -> Digest {
        Sha256::new().chain_update(source).chain_update("/").chain_update(secret).finalize().into()
    }

    /// Whether it is known that there is nothing at an address.
    pub(super) fn is_absent(&self, address: &Digest) -> bool {
        self.absent.get(address).is_some()
    }

    /// Remembers that there is nothing at an address.
    pub(super) fn is_found_absent(&self, address: Digest) {
        self.open.remove(&address);
        self.absent.insert(address, ());
    }

    /// The gate of an address that was there lately.
    pub(super) fn known(&self, address: &Digest) -> Option<Arc<Gate>> {
        self.open.get(address)
    }

    /// The gate of an address that there is. `now` is the uptime.
    pub(super) fn of(&self, address: Digest, now: Duration) -> Arc<Gate> {
        let new = || Ok::<_, std::convert::Infallible>(Arc::new(Gate::new(now)));
        self.open.get_or_insert_with(&address, new).unwrap_or_else(|never| match never {})
    }

    /// Waits until an address may be looked for that was not seen lately. `None`: too many others are looked for.
    pub(super) async fn lookup(&self) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(PATIENCE, self.lookups.acquire()).await.ok()?.ok()
    }

    /// Waits for room for a body of this many bytes. `None`: there is none in time.
    pub(super) async fn room(&self, gate: &Gate, bytes: usize) -> Option<Room> {
        let size = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(LEAST, ROOM_OF_ONE);
        let both = async {
            let of_one = Arc::clone(&gate.room).acquire_many_owned(size).await.ok()?;
            let of_all = Arc::clone(&self.room).acquire_many_owned(size).await.ok()?;
            Some(Room([of_one, of_all]))
        };
        tokio::time::timeout(PATIENCE, both).await.ok()?
    }
}

impl Gate {
    fn new(now: Duration) -> Self {
        Self {
            allowance: Mutex::new(Allowance { left: REFUSALS, at: now }),
            room: Arc::new(Semaphore::new(ROOM_OF_ONE as usize)),
        }
    }

    /// Whether another request may come in.
    pub(super) fn lets_in(&self, now: Duration) -> bool {
        self.left(now, 0.0) >= 1.0
    }

    /// Counts a refusal.
    pub(super) fn refused(&self, now: Duration) {
        self.left(now, 1.0);
    }

    fn left(&self, now: Duration, taken: f64) -> f64 {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = now.saturating_sub(allowance.at).as_secs_f64() * REFUSALS_A_SECOND;
        allowance.left = ((allowance.left + grown).min(REFUSALS) - taken).max(0.0);
        allowance.at = now;
        allowance.left
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn rubbish_uses_up_an_allowance_that_grows_again() {
        let gate = Gate::new(Duration::ZERO);
        for refused in 0..200 {
            assert!(gate.lets_in(Duration::ZERO), "the first ones are never turned away: {refused}");
            gate.refused(Duration::ZERO);
        }
        assert!(!gate.lets_in(Duration::ZERO));
        assert!(!gate.lets_in(Duration::from_millis(99)));
        assert!(gate.lets_in(Duration::from_millis(100)));
        let other = Gate::new(Duration::ZERO);
        assert!(other.lets_in(Duration::ZERO));
    }

    #[tokio::test]
    async fn one_address_never_takes_all_the_room() {
        let gates = Gates::default();
        let (one, other) = (Gate::new(Duration::ZERO), Gate::new(Duration::ZERO));
        let mut taken = Vec::new();
        let room = |gate: &Gate, bytes| gates.room(gate, bytes).now_or_never().flatten();
        while let Some(room) = room(&one, 25 * 1024 * 1024) {
            taken.push(room);
        }
        assert_eq!(taken.len(), 2);
        assert!(room(&other, 25 * 1024 * 1024).is_some());
        drop(taken);
        assert!(room(&one, usize::MAX).is_some());
    }

    #[test]
    fn an_address_is_absent_or_has_a_gate() {
        let gates = Gates::default();
        let address = Gates::digest("evs_1", "secret");
        assert_ne!(address, Gates::digest("evs_1/", "secret"));
        gates.of(address, Duration::ZERO);
        assert!(gates.known(&address).is_some() && !gates.is_absent(&address));
        gates.is_found_absent(address);
        assert!(gates.known(&address).is_none() && gates.is_absent(&address));
    }
}
