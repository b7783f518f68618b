//! The job that finds out what came of calls whose answers were lost.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Actions;
use crate::{
    jobs::{Backoff, Job, Next},
    store::StoreError,
};

/// The time between two queries for what is due.
const PERIOD: Duration = Duration::from_secs(1);
/// The same while more is due than may be under way.
const PERIOD_WHILE_DUE: Duration = Duration::from_millis(50);
/// The most looks that are under way.
const UNDER_WAY: usize = 16;

/// The job that looks for what came of runs that are `unknown`, on every replica.
#[derive(Debug)]
pub struct Resolving {
    actions: Actions,
    under_way: JoinSet<()>,
}

impl Actions {
    /// The job that looks for what came of runs that are `unknown`.
    pub fn resolving(&self) -> Resolving {
        Resolving { actions: self.clone(), under_way: JoinSet::new() }
    }
}

impl Job for Resolving {
    type Error = StoreError;
    const NAME: &'static str = "resolving";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        while self.under_way.try_join_next().is_some() {}
        let free = UNDER_WAY - self.under_way.len();
        if free == 0 {
            return Ok(Next::In(PERIOD_WHILE_DUE));
        }
        let (now, until) = (self.actions.environment.now(), self.actions.look_until());
        let claims = self.actions.store.claim_due_looks(now, until, free as u64).await?;
        let pause = if claims.len() < free { PERIOD } else { PERIOD_WHILE_DUE };
        for claim in claims {
            let actions = self.actions.clone();
            self.under_way.spawn(async move {
                // It is looked again when the claim has lapsed.
                if let Err(error) = actions.look(&claim).await {
                    tracing::warn!(run = %claim.id, %error, "what came of a call of an action could not be stored");
                }
            });
        }
        Ok(Next::In(pause))
    }

    /// Waits for the looks that are under way.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
    }
}
