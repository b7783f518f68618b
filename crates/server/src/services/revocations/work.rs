//! The job that makes the attempts that are due.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Revocations;
use crate::{
    jobs::{Backoff, Job, Next},
    store::StoreError,
};

/// The time between two queries for what is due.
const PERIOD: Duration = Duration::from_secs(1);
/// The same while more is due than may be under way.
const PERIOD_WHILE_DUE: Duration = Duration::from_millis(50);
/// The most attempts that are under way.
const UNDER_WAY: usize = 16;

/// The job that revokes, on every replica.
#[derive(Debug)]
pub struct DueRevocations {
    revocations: Revocations,
    under_way: JoinSet<()>,
}

impl Revocations {
    /// The job that makes the attempts that are due.
    pub fn due_work(&self) -> DueRevocations {
        DueRevocations { revocations: self.clone(), under_way: JoinSet::new() }
    }
}

impl Job for DueRevocations {
    type Error = StoreError;
    const NAME: &'static str = "revoking";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        while self.under_way.try_join_next().is_some() {}
        let free = UNDER_WAY - self.under_way.len();
        if free == 0 {
            return Ok(Next::In(PERIOD_WHILE_DUE));
        }
        let (now, until) = (self.revocations.environment.now(), self.revocations.lease_end());
        let claims = self.revocations.store.claim_due_revocations(now, until, free as u64).await?;
        let pause = if claims.len() < free { PERIOD } else { PERIOD_WHILE_DUE };
        for claim in claims {
            let revocations = self.revocations.clone();
            self.under_way.spawn(async move {
                let id = claim.sealed.revocation;
                // It is tried again when the claim has lapsed.
                if let Err(error) = revocations.attempt(claim).await {
                    tracing::warn!(revocation = %id, %error, "what came of revoking could not be stored");
                }
            });
        }
        Ok(Next::In(pause))
    }

    /// Waits for the attempts that are under way.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
    }
}
