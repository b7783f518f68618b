//! Erases what expired installations have sealed, and deletes install links and installations that expired long ago.

use std::time::Duration;

use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_secs(60);

/// The job that erases what expired installations have sealed, and deletes them and install links later.
#[derive(Debug)]
pub struct InstallSweep {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for InstallSweep {
    type Error = StoreError;
    const NAME: &'static str = "install_sweep";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let now = self.environment.now();
        self.store.erase_expired_installs(now).await?;
        let swept = self.store.sweep_installation(now).await?;
        if swept > 0 {
            tracing::debug!(swept, "expired install links and pending installations were deleted");
        }
        Ok(Next::Every(PERIOD))
    }
}
