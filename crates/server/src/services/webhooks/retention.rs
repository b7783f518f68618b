//! Deletes old events of the outbox, with their deliveries.

use std::time::Duration;

use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_hours(1);
const RETRY: Duration = Duration::from_mins(1);
/// How many events one transaction deletes.
const BATCH: u64 = 1_000;

/// The job that deletes old events. One that waits to be delivered stays for twice as long.
#[derive(Debug)]
pub struct WebhookRetention {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
    /// How long events are kept.
    pub keep: Duration,
}

impl Job for WebhookRetention {
    type Error = StoreError;
    const NAME: &'static str = "webhook_retention";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::constant(RETRY)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let keep = time::Duration::try_from(self.keep).unwrap_or(time::Duration::MAX);
        // Nothing is older than what a time of the calendar can say.
        let Some(before) = self.environment.now().checked_sub(keep) else { return Ok(Next::Every(PERIOD)) };
        let last = before.checked_sub(keep).unwrap_or(before);
        let mut deleted = 0;
        loop {
            let more = self.store.prune_webhook_events(before, last, BATCH).await?;
            deleted += more;
            if more < BATCH {
                break;
            }
        }
        if deleted > 0 {
            tracing::info!(deleted, "old events of webhooks were deleted");
        }
        Ok(Next::Every(PERIOD))
    }
}
