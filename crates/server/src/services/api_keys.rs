//! Finds callers by their API keys, through a cache. A revoked key stops working within a second.
//!
//! Found keys are cached. Twice a second, and at once after a notification of the database, the server reads which keys
//! were revoked or given another tier, by any replica or command, and drops them from the cache. If that has not
//! succeeded for a second, the cache is not used, and every request queries the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use integrations_core::{
    api_key::{ApiKey, KeyHash},
    ids::{ApiKeyId, OrganizationId},
    rights::Rights,
    tier::Tier,
};
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::key_uses::{KeyUses, LastUse, from_micros, micros};
use super::listed_keys::ListedKeys;
use crate::{
    environment::{Environment, first_id_at},
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError, StoredApiKey},
};

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The key's id.
    pub key: ApiKeyId,
    /// The organization that owns the key.
    pub organization: OrganizationId,
    /// What the key may do, and in which projects.
    pub rights: Rights,
    /// The key's tier, which sets its rate limit.
    pub tier: Tier,
}

/// Why a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// It does not have the form of a key, or its checksum is wrong.
    #[error("The API key is malformed")]
    Malformed,
    /// It does not exist.
    #[error("The API key is unknown")]
    Unknown,
    /// It has expired.
    #[error("The API key has expired")]
    Expired,
    /// It was revoked.
    #[error("The API key has been revoked")]
    Revoked,
}

const CAPACITY: usize = 20_000;
/// How long a found key stays in the cache before it is looked up again.
const KNOWN_LIFE: Duration = Duration::from_secs(60 * 60);
/// How often the server reads which keys were changed.
pub const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// How long the database may take to answer before the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many keys are listed with one query.
const PAGE: u64 = 10_000;
/// How many keys that are not listed are looked up at the same time. The other connections to the database stay free.
const UNLISTED_AT_A_TIME: usize = 4;
/// How old the last answer may be for the cache to be used.
const FRESH_FOR: Duration = Duration::from_millis(950);
/// How far each query reaches back before the last one. It is longer than the clocks of two replicas may differ plus
/// the time of a transaction.
const LOOK_BACK: time::Duration = time::Duration::minutes(2);

/// Finds the caller of a key.
#[derive(Debug)]
pub struct ApiKeys {
    store: Store,
    environment: Environment,
    known: Cache<KeyHash, Arc<Known>>,
    /// Keys that do not exist. They may be cached without limit of time: a key has 256 random bits, so a key that is
    /// created later is never one of these.
    unknown: Cache<KeyHash, ()>,
    listed: ListedKeys,
    unlisted_turns: Semaphore,
    /// When the last successful query for changes was made, in microseconds of the Unix epoch. The next one reaches
    /// back from there.
    asked_at: AtomicI64,
    /// Until when its answer may be used, in microseconds of the clock's uptime. Nobody can set that clock back.
    fresh_until: AtomicU64,
    /// Remembers a notification of changed keys until they are read.
    changed: Notify,
    poll_interval: Duration,
    uses: Arc<KeyUses>,
}

#[derive(Debug)]
struct Known {
    caller: Arc<Caller>,
    last_use: Arc<LastUse>,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
    /// When it was read from the database, as the clock's uptime.
    read_at: Duration,
}

impl ApiKeys {
    /// Finds keys in `store`. The cache is used only while [`KeyCacheRefresh`] runs: it reads changes every
    /// `poll_interval`, usually [`POLL_INTERVAL`], and after each notification.
    pub fn new(store: Store, environment: Environment, poll_interval: Duration) -> Self {
        Self {
            store,
            environment,
            known: Cache::new(CAPACITY),
            unknown: Cache::new(CAPACITY),
            listed: ListedKeys::default(),
            unlisted_turns: Semaphore::new(UNLISTED_AT_A_TIME),
            asked_at: AtomicI64::new(0),
            fresh_until: AtomicU64::new(0),
            changed: Notify::new(),
            poll_interval,
            uses: Arc::default(),
        }
    }

    /// Looks for the caller of `key` at `now` in the cache.
    pub fn recall(&self, key: &str, now: OffsetDateTime) -> Recalled {
        let Ok(key) = ApiKey::parse(key) else { return Recalled::Answer(Err(KeyRefusal::Malformed)) };
        let hash = KeyHash::of(&key);
        let uptime = self.environment.uptime();
        match self.known.get(&hash) {
            Some(known) if self.is_fresh(uptime) && uptime.saturating_sub(known.read_at) < KNOWN_LIFE => {
                Recalled::Answer(self.admit(&known, now))
            }
            _ if self.unknown.get(&hash).is_some() => Recalled::Answer(Err(KeyRefusal::Unknown)),
            _ => Recalled::MustLookUp(hash),
        }
    }

    /// Whether a key with this hash may exist. A key that was made within the last second may exist although this is
    /// `false`.
    pub fn may_exist(&self, hash: &KeyHash) -> bool {
        self.listed.may_contain(hash)
    }

    /// Whether every key that exists was read once.
    pub fn are_listed(&self) -> bool {
        self.listed.is_whole()
    }

    /// Reads the caller whose key has this hash, at `now`, from the database.
    pub async fn look_up(
        &self,
        hash: KeyHash,
        now: OffsetDateTime,
    ) -> Result<Result<Arc<Caller>, KeyRefusal>, StoreError> {
        let _turn = match self.listed.contain(&hash) {
            true => None,
            // It is never closed.
            false => self.unlisted_turns.acquire().await.ok(),
        };
        let read_at = self.environment.uptime();
        let Some(stored) = self.store.api_key_by_hash(&hash).await? else {
            self.unknown.insert(hash, ());
            return Ok(Err(KeyRefusal::Unknown));
        };
        let known = Arc::new(Known::new(stored, read_at));
        let answer = self.admit(&known, now);
        self.known.insert(hash, known);
        Ok(answer)
    }

    /// Admits the caller of a key that a request presents, and notes its use.
    fn admit(&self, known: &Known, now: OffsetDateTime) -> Result<Arc<Caller>, KeyRefusal> {
        let caller = known.admit(now)?;
        self.uses.note(&known.last_use, now);
        Ok(caller)
    }

    /// When keys were used, for the job that stores it.
    pub fn uses(&self) -> Arc<KeyUses> {
        Arc::clone(&self.uses)
    }

    /// Notes that a session acts as a key.
    pub fn note_use(&self, key: ApiKeyId, now: OffsetDateTime) {
        self.uses.note(&LastUse::of(key), now);
    }

    fn is_fresh(&self, uptime: Duration) -> bool {
        whole_micros(uptime) < self.fresh_until.load(Ordering::Relaxed)
    }

    /// Reports that keys may have changed. The changes are read at once.
    pub fn report_changes(&self) {
        self.changed.notify_one();
    }

    /// Reads which keys were changed, and drops them from the cache.
    async fn forget_changed(&self) -> Result<(), StoreError> {
        let (asked, uptime) = (self.environment.now(), self.environment.uptime());
        // Before the first answer the cache is empty, so older changes do not matter. If the clock was set back since
        // then, changes are now recorded with earlier times.
        let answered = from_micros(self.asked_at.load(Ordering::Relaxed)).unwrap_or(asked).min(asked);
        let asking = timeout(PATIENCE, self.store.api_keys_changed_since(answered - LOOK_BACK)).await;
        let changed = asking.unwrap_or_else(|_| {
            self.store.report_lost_connection();
            Err(StoreError::Away)
        })?;
        for hash in changed {
            self.known.remove(&hash);
        }
        self.list_new(answered - LOOK_BACK).await?;
        self.store.forget_missing_projects();
        self.asked_at.store(micros(asked), Ordering::Relaxed);
        self.fresh_until.store(whole_micros(uptime + FRESH_FOR), Ordering::Relaxed);
        Ok(())
    }

    /// Lists the keys that were made since `moment`, or all of them the first time.
    async fn list_new(&self, moment: OffsetDateTime) -> Result<(), StoreError> {
        let mut after = self.listed.is_whole().then(|| first_id_at(moment));
        loop {
            let page = timeout(PATIENCE, self.store.api_key_hashes(after, PAGE)).await;
            let (last, hashes) = page.unwrap_or(Err(StoreError::Away))?;
            let is_last = (hashes.len() as u64) < PAGE;
            self.listed.add(&hashes, is_last);
            match last {
                Some(last) if !is_last => after = Some(last),
                _ => return Ok(()),
            }
        }
    }
}

/// The job that drops changed keys from the cache: at intervals, and at once after a report.
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
        tracing::warn!(%error, "reading changed API keys failed: every key is looked up in the database until it succeeds");
    }

    fn report_recovery(&self) {
        tracing::info!("changed API keys are read again; the cache is used");
    }
}

/// What the cache knows about a key.
#[derive(Debug)]
pub enum Recalled {
    /// The caller, or why the key is refused.
    Answer(Result<Arc<Caller>, KeyRefusal>),
    /// Nothing that may be used. [`ApiKeys::look_up`] queries the database.
    MustLookUp(KeyHash),
}

impl Known {
    fn new(stored: StoredApiKey, read_at: Duration) -> Self {
        let last_use = LastUse::of(stored.id);
        let caller = Caller {
            key: stored.id,
            organization: stored.organization,
            rights: stored.rights,
            tier: stored.tier,
        };
        Self {
            caller: Arc::new(caller),
            last_use,
            expires_at: stored.expires_at,
            revoked_at: stored.revoked_at,
            read_at,
        }
    }

    fn admit(&self, now: OffsetDateTime) -> Result<Arc<Caller>, KeyRefusal> {
        standing(self.revoked_at, self.expires_at, now).map(|()| Arc::clone(&self.caller))
    }
}

/// Whether an existing key is still valid at `now`.
fn standing(
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

fn whole_micros(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_micros()).unwrap_or(u64::MAX)
}
