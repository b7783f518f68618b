//! Deletes sign-ins that were never finished, and logout tokens that are too old to count.

use std::time::Duration;

use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{Store, StoreError},
};

const PERIOD: Duration = Duration::from_secs(60);

/// The job that deletes sign-ins and used logout tokens whose time is over.
#[derive(Debug)]
pub struct SignInSweep {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for SignInSweep {
    type Error = StoreError;
    const NAME: &'static str = "sign_in_sweep";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        self.store.sweep_sign_ins(self.environment.now()).await?;
        Ok(Next::Every(PERIOD))
    }
}
