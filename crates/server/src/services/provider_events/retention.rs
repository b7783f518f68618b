//! Deletes old events of providers.

use std::time::Duration;

use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_hours(1);
const RETRY: Duration = Duration::from_mins(1);
/// How many events one statement deletes.
const BATCH: u64 = 500;

/// The job that deletes old events. One that waits to be forwarded stays for four times as long. One whose claim lives
/// longer loses its body, and its row goes with the claim.
#[derive(Debug)]
pub struct ProviderEventRetention {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
    /// How long events are kept.
    pub keep: Duration,
}

impl Job for ProviderEventRetention {
    type Error = StoreError;
    const NAME: &'static str = "provider_event_retention";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::constant(RETRY)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let now = self.environment.now();
        self.store.prune_event_claims(now).await?;
        let ago = |times: u32| {
            let keep =
                time::Duration::try_from(self.keep.saturating_mul(times)).unwrap_or(time::Duration::MAX);
            now.checked_sub(keep)
        };
        // Nothing is older than what a time of the calendar can say.
        let Some(before) = ago(1) else { return Ok(Next::Every(PERIOD)) };
        let last = ago(4).unwrap_or(before);
        while self.store.prune_provider_events((before, last), now, BATCH).await? == BATCH {}
        Ok(Next::Every(PERIOD))
    }
}
