//! API keys at work: hashed, found through a cache, and stopped within a second of their revocation.
//!
//! Found keys are kept in memory. Twice a second, and at once where the database tells of a change, the server asks
//! which keys were revoked or given another tier, by whichever replica or command line, and drops those; where that
//! question has not been answered for a second, the cache is not believed and every request asks the database itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use integrations_core::{
    api_key::{ApiKey, KeyHash},
    ids::{ApiKeyId, OrganizationId},
    scope::Scope,
    tier::Tier,
};
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use tokio::{sync::Notify, time::timeout};

use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError, StoredApiKey},
};

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The key's id.
    pub key: ApiKeyId,
    /// The organization that the key belongs to.
    pub organization: OrganizationId,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// How often the key may be used.
    pub tier: Tier,
}

/// Why a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// It has not the form of a key, or a wrong checksum.
    #[error("The API key is malformed")]
    Malformed,
    /// It was never given out.
    #[error("The API key is unknown")]
    Unknown,
    /// Its time has run out.
    #[error("The API key has expired")]
    Expired,
    /// It was revoked.
    #[error("The API key has been revoked")]
    Revoked,
}

const CAPACITY: usize = 20_000;
/// How long a found key is believed without being looked up anew, whatever is heard of revocations.
const KNOWN_LIFE: time::Duration = time::Duration::hours(1);
/// How often the server asks which keys were changed.
pub const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// How long the answer may take before the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old the last answer may be before the cache is not believed.
const FRESH_FOR: time::Duration = time::Duration::milliseconds(950);
/// How far back before the last answered one each question goes: more than the clocks of two replicas may differ
/// by and a transaction may take.
const LOOK_BACK: time::Duration = time::Duration::minutes(2);

/// Finds the caller that a key stands for.
#[derive(Debug)]
pub struct ApiKeys {
    store: Store,
    environment: Environment,
    known: Cache<KeyHash, Arc<Known>>,
    /// Keys that were never given out. A key has 256 random bits, and none is asked for before it is made: what is
    /// unknown stays so.
    unknown: Cache<KeyHash, ()>,
    /// When the last answered question about changes was asked, in microseconds of the Unix epoch.
    asked_at: AtomicI64,
    /// Holds that it was told that keys were changed, until it is asked which.
    changed: Notify,
    poll_interval: Duration,
}

#[derive(Debug)]
struct Known {
    caller: Arc<Caller>,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
    /// When the database was asked.
    read_at: OffsetDateTime,
}

impl ApiKeys {
    /// Keys stored in `store`. [`KeyCacheRefresh`] must run for the cache to be used: it asks for changes every
    /// `poll_interval`, usually [`POLL_INTERVAL`], and when it is told of one.
    pub fn new(store: Store, environment: Environment, poll_interval: Duration) -> Self {
        Self {
            store,
            environment,
            known: Cache::new(CAPACITY),
            unknown: Cache::new(CAPACITY),
            asked_at: AtomicI64::new(0),
            changed: Notify::new(),
            poll_interval,
        }
    }

    /// What is known in memory of the caller that `key` stands for at `now`.
    pub fn recall(&self, key: &str, now: OffsetDateTime) -> Recalled {
        let Ok(key) = ApiKey::parse(key) else { return Recalled::Answer(Err(KeyRefusal::Malformed)) };
        let hash = KeyHash::of(&key);
        match self.known.get(&hash) {
            Some(known) if self.is_fresh(now) && now - known.read_at < KNOWN_LIFE => {
                Recalled::Answer(known.admit(now))
            }
            _ if self.unknown.get(&hash).is_some() => Recalled::Answer(Err(KeyRefusal::Unknown)),
            _ => Recalled::MustLookUp(hash),
        }
    }

    /// The caller whose key has this hash at `now`, as the database has it.
    pub async fn look_up(
        &self,
        hash: KeyHash,
        now: OffsetDateTime,
    ) -> Result<Result<Arc<Caller>, KeyRefusal>, StoreError> {
        let Some(stored) = self.store.api_key_by_hash(&hash).await? else {
            self.unknown.insert(hash, ());
            return Ok(Err(KeyRefusal::Unknown));
        };
        let known = Arc::new(Known::new(stored, now));
        let answer = known.admit(now);
        self.known.insert(hash, known);
        Ok(answer)
    }

    /// The caller whose key has this id at `now`, as the database has it: for sessions, which hold no key.
    pub async fn by_id(
        &self,
        id: ApiKeyId,
        now: OffsetDateTime,
    ) -> Result<Result<Arc<Caller>, KeyRefusal>, StoreError> {
        let stored = self.store.api_key_by_id(id).await?;
        Ok(stored.map_or(Err(KeyRefusal::Unknown), |stored| Known::new(stored, now).admit(now)))
    }

    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        micros(now) - self.asked_at.load(Ordering::Relaxed) < FRESH_FOR.whole_microseconds() as i64
    }

    /// Says that keys may have been changed: it is asked which, at once.
    pub fn report_changes(&self) {
        self.changed.notify_one();
    }

    /// Asks once which keys were changed, and forgets those.
    async fn forget_changed(&self) -> Result<(), StoreError> {
        let asked = self.environment.now();
        // Before the first answer nothing is known, so nothing has to be forgotten.
        let answered = from_micros(self.asked_at.load(Ordering::Relaxed)).unwrap_or(asked);
        let asking = timeout(PATIENCE, self.store.api_keys_changed_since(answered - LOOK_BACK)).await;
        let changed = asking.unwrap_or_else(|_| {
            self.store.report_lost_connection();
            Err(StoreError::Away)
        })?;
        for hash in changed {
            self.known.remove(&hash);
        }
        self.asked_at.store(micros(asked), Ordering::Relaxed);
        Ok(())
    }
}

/// The job that forgets changed keys: again and again, and at once where a change is reported.
#[derive(Debug)]
pub struct KeyCacheRefresh(pub Arc<ApiKeys>);

impl Job for KeyCacheRefresh {
    type Error = StoreError;
    const NAME: &'static str = "key_cache_refresh";

    fn backoff(&self) -> Backoff {
        Backoff::constant(self.0.poll_interval)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        self.0.forget_changed().await?;
        Ok(Next::Every(self.0.poll_interval))
    }

    async fn woken(&mut self) {
        self.0.changed.notified().await;
    }

    fn report_failure(&self, error: &StoreError) {
        tracing::warn!(%error, "changed API keys are not heard of: every key is looked up until they are");
    }

    fn report_recovery(&self) {
        tracing::info!("changed API keys are heard of again");
    }
}

/// What is known in memory of a key.
#[derive(Debug)]
pub enum Recalled {
    /// Enough to answer.
    Answer(Result<Arc<Caller>, KeyRefusal>),
    /// Nothing that can be relied on: [`ApiKeys::look_up`] asks the database.
    MustLookUp(KeyHash),
}

impl Known {
    fn new(stored: StoredApiKey, read_at: OffsetDateTime) -> Self {
        let caller = Caller {
            key: stored.id,
            organization: stored.organization,
            scopes: stored.scopes,
            tier: stored.tier,
        };
        Self {
            caller: Arc::new(caller),
            expires_at: stored.expires_at,
            revoked_at: stored.revoked_at,
            read_at,
        }
    }

    fn admit(&self, now: OffsetDateTime) -> Result<Arc<Caller>, KeyRefusal> {
        standing(self.revoked_at, self.expires_at, now).map(|()| Arc::clone(&self.caller))
    }
}

/// Whether a key that was given out is still good at `now`.
pub(crate) fn standing(
    revoked_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<(), KeyRefusal> {
    match (revoked_at, expires_at) {
        (Some(_), _) => Err(KeyRefusal::Revoked),
        (None, Some(end)) if end <= now => Err(KeyRefusal::Expired),
        (None, _) => Ok(()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds of the epoch fit until the year 294,000")]
fn micros(time: OffsetDateTime) -> i64 {
    (time.unix_timestamp_nanos() / 1_000) as i64
}

fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    (micros != 0).then(|| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok())?
}
