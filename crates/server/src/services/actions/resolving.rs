//! The job that finds out what came of calls whose answers were lost.

use super::Actions;
use crate::{
    jobs::{ClaimedWork, Pieces},
    store::{LookClaim, StoreError},
};

/// The looks for what came of runs that are `unknown`.
#[derive(Clone, Debug)]
pub struct Looks(Actions);

impl Actions {
    /// The job that looks for what came of runs that are `unknown`.
    pub fn resolving(&self) -> ClaimedWork<Looks> {
        ClaimedWork::new(Looks(self.clone()))
    }
}

impl Pieces for Looks {
    type Claim = LookClaim;
    const NAME: &'static str = "resolving";

    async fn claim(&self, most: u64) -> Result<Vec<LookClaim>, StoreError> {
        let Self(actions) = self;
        actions.store.claim_due_looks(actions.environment.now(), actions.look_until(), most).await
    }

    async fn work(self, claim: LookClaim) {
        // It is looked again when the claim has lapsed.
        if let Err(error) = self.0.look(&claim).await {
            tracing::warn!(run = %claim.id, %error, "what came of a call of an action could not be stored");
        }
    }
}
