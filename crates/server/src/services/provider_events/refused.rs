//! Counts what is refused at addresses. It is noted in memory, and a job stores it, so that no rubbish writes.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use integrations_core::{ids::EventSourceId, inbound::Reason};
use time::OffsetDateTime;

use crate::{
    jobs::{Backoff, Job, Next},
    store::{Refused, Store, StoreError},
};

/// How often it is stored. A server that is killed loses what was refused since the last time.
const PERIOD: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How much is told apart between two times. Beyond, what requests claim to be is not, and then nothing is noted.
const MOST_KINDS: usize = 1_000;
const MOST: usize = 10_000;

type Noted = BTreeMap<(EventSourceId, Reason, String), (u64, OffsetDateTime)>;

/// What was refused and is not stored yet.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Noted>);

impl Counts {
    /// Notes that a request was refused, or one of its events. `kind` is what type it claims to be.
    pub(super) fn note(
        &self,
        source: EventSourceId,
        reason: Reason,
        kind: Option<&str>,
        now: OffsetDateTime,
    ) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kind.filter(|_| noted.len() < MOST_KINDS).unwrap_or_default();
        let is_full = noted.len() >= MOST;
        match noted.get_mut(&(source, reason, kind.to_owned())) {
            Some((count, last)) => {
                *count += 1;
                *last = now.max(*last);
            }
            None if is_full => {}
            None => drop(noted.insert((source, reason, kind.to_owned()), (1, now))),
        }
    }

    fn take(&self) -> Noted {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The job that stores what was refused: every two seconds, and when the server stops.
#[derive(Debug)]
pub struct RefusalsFlush {
    store: Store,
    counts: Arc<Counts>,
    /// What could not be stored yet.
    unstored: Vec<Refused>,
}

impl RefusalsFlush {
    pub(super) fn new(store: Store, counts: Arc<Counts>) -> Self {
        Self { store, counts, unstored: Vec::new() }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let noted = self.counts.take().into_iter();
        self.unstored.extend(noted.map(|((source, reason, kind), (count, last_at))| Refused {
            source,
            reason: reason.as_str(),
            kind,
            count,
            last_at,
        }));
        self.unstored.truncate(MOST);
        self.store.record_refusals(self.unstored.clone()).await?;
        self.unstored.clear();
        Ok(())
    }
}

impl Job for RefusalsFlush {
    type Error = StoreError;
    const NAME: &'static str = "event_refusals_flush";

    fn backoff(&self) -> Backoff {
        Backoff::new(PERIOD, LONGEST_PAUSE)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        self.flush().await?;
        Ok(Next::Every(PERIOD))
    }

    async fn finish(mut self) {
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "which events of providers were refused could not be stored; the last of it is lost");
        }
    }
}
