//! Deletes changes of health that are too old to be shown.

use std::time::Duration;

use integrations_core::health_history::KEPT;

use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_hours(24);
const RETRY: Duration = Duration::from_mins(1);
/// How many changes one statement deletes.
const BATCH: u32 = 5_000;

/// The job that deletes old changes of health.
#[derive(Debug)]
pub struct HealthSweep {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for HealthSweep {
    type Error = StoreError;
    const NAME: &'static str = "health_sweep";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::constant(RETRY)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let before = self.environment.now() - KEPT;
        let mut deleted = 0;
        loop {
            let more = self.store.prune_health_changes(before, BATCH).await?;
            deleted += more;
            if more < BATCH.into() {
                break;
            }
        }
        if deleted > 0 {
            tracing::debug!(deleted, "old changes of health were deleted");
        }
        Ok(Next::Every(PERIOD))
    }
}
