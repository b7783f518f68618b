//! When each API key was last used. A use is noted in memory, and a job stores the latest ones, so that no request
//! writes.

use std::{
    collections::BTreeMap,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use integrations_core::ids::ApiKeyId;
use time::OffsetDateTime;

use crate::{
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError},
};

/// How often uses are stored. A server that is killed loses those since the last time.
const PERIOD: Duration = Duration::from_secs(60);
/// How exact a time is, in microseconds: a key that is used all the time is noted once a second.
const PRECISION: i64 = 1_000_000;

/// A key's last use that is not stored yet, in microseconds of the Unix epoch. 0: there is none.
#[derive(Debug)]
pub(super) struct LastUse {
    key: ApiKeyId,
    at: AtomicI64,
}

impl LastUse {
    /// Nothing noted yet.
    pub(super) fn of(key: ApiKeyId) -> Arc<Self> {
        Arc::new(Self { key, at: AtomicI64::new(0) })
    }
}

/// The uses that are not stored yet.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<Vec<Arc<LastUse>>>);

impl KeyUses {
    /// Notes a use. The lock is taken once for a key between two rounds of the job.
    pub(super) fn note(&self, last: &Arc<LastUse>, now: OffsetDateTime) {
        let now = micros(now);
        if now - last.at.load(Ordering::Relaxed) >= PRECISION && last.at.swap(now, Ordering::Relaxed) == 0 {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(last));
        }
    }

    fn take(&self) -> Vec<Arc<LastUse>> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The job that stores when keys were last used: every minute, and when the server stops.
#[derive(Debug)]
pub struct KeyUsesFlush {
    store: Store,
    uses: Arc<KeyUses>,
    /// What could not be stored yet.
    unstored: BTreeMap<ApiKeyId, OffsetDateTime>,
}

impl KeyUsesFlush {
    /// Stores `uses`.
    pub fn new(store: Store, uses: Arc<KeyUses>) -> Self {
        Self { store, uses, unstored: BTreeMap::new() }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        for used in self.uses.take() {
            if let Some(at) = from_micros(used.at.swap(0, Ordering::Relaxed)) {
                let latest = self.unstored.entry(used.key).or_insert(at);
                *latest = at.max(*latest);
            }
        }
        self.store.record_key_uses(&self.unstored).await?;
        self.unstored.clear();
        Ok(())
    }
}

impl Job for KeyUsesFlush {
    type Error = StoreError;
    const NAME: &'static str = "key_uses_flush";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        self.flush().await?;
        Ok(Next::Every(PERIOD))
    }

    async fn finish(mut self) {
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "when API keys were last used could not be stored; the last minute of it is lost");
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds of the epoch fit until the year 294,000")]
pub(super) fn micros(time: OffsetDateTime) -> i64 {
    (time.unix_timestamp_nanos() / 1_000) as i64
}

pub(super) fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    (micros != 0).then(|| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok())?
}
