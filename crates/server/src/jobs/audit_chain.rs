//! Puts the events of audit logs into the chains over them.

use std::time::Duration;

use super::{Backoff, Job, Next};
use crate::store::{Store, StoreError};

/// How often every server looks for events. None waits much longer to be chained.
const PERIOD: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The job that chains.
#[derive(Debug)]
pub struct AuditChain {
    /// The database.
    pub store: Store,
}

impl Job for AuditChain {
    type Error = StoreError;
    const NAME: &'static str = "audit_chain";

    fn backoff(&self) -> Backoff {
        Backoff::new(PERIOD, LONGEST_PAUSE)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        self.store.chain_waiting().await?;
        Ok(Next::Every(PERIOD))
    }
}
