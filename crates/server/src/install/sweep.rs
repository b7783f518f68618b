//! Sweeps away links and installs that are long over.

use std::time::Duration;

use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_secs(10 * 60);

/// Sweeps away what is left of installs that are long over.
#[derive(Debug)]
pub struct InstallSweep {
    /// The database.
    pub store: Store,
    /// Says what is over.
    pub environment: Environment,
}

impl Job for InstallSweep {
    type Error = StoreError;
    const NAME: &'static str = "install_sweep";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let swept = self.store.sweep_installation(self.environment.now()).await?;
        if swept > 0 {
            tracing::debug!(swept, "links and installs that were over are swept away");
        }
        Ok(Next::Every(PERIOD))
    }
}
