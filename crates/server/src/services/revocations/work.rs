//! The job that makes the attempts that are due.

use super::Revocations;
use crate::{
    jobs::{ClaimedWork, Pieces},
    store::{RevocationClaim, StoreError},
};

impl Revocations {
    /// The job that makes the attempts that are due.
    pub fn due_work(&self) -> ClaimedWork<Self> {
        ClaimedWork::new(self.clone())
    }
}

impl Pieces for Revocations {
    type Claim = RevocationClaim;
    const NAME: &'static str = "revoking";

    async fn claim(&self, most: u64) -> Result<Vec<RevocationClaim>, StoreError> {
        // On what may be a copy of a database nothing is revoked: the original may use it.
        if self.store.quiet_since().await?.is_some() {
            return Ok(Vec::new());
        }
        self.store.claim_due_revocations(self.environment.now(), self.lease_end(), most).await
    }

    async fn work(self, claim: RevocationClaim) {
        let id = claim.sealed.revocation;
        // It is tried again when the claim has lapsed.
        if let Err(error) = self.attempt(claim).await {
            tracing::warn!(revocation = %id, %error, "what came of revoking could not be stored");
        }
    }
}
