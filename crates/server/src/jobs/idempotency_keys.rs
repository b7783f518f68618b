//! Deletes what requests with an `Idempotency-Key` were answered, once it has been forgotten for an hour.

use std::time::Duration;

use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_mins(1);
/// How long rows stay after they have expired. No clock of a replica is that far behind, so no request asks for a row
/// while it is deleted.
const MARGIN: Duration = Duration::from_hours(1);

/// The job that deletes expired answers.
#[derive(Debug)]
pub struct IdempotencySweep {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for IdempotencySweep {
    type Error = StoreError;
    const NAME: &'static str = "idempotency_sweep";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let swept = self.store.sweep_idempotency_keys(self.environment.now() - MARGIN).await?;
        if swept > 0 {
            tracing::debug!(swept, "expired answers to requests with an Idempotency-Key were deleted");
        }
        Ok(Next::Every(PERIOD))
    }
}
