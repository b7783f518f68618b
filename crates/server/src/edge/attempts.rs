//! Limits of single actions, beside those of all requests.

use std::sync::Arc;

use super::{
    answer::rate_limited,
    failure::Failure,
    rate_limit::{PartitionKey, RateLimiter},
};
use crate::environment::Environment;

/// Counts actions that have a limit of their own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Attempts {
    limiter: Arc<RateLimiter>,
    environment: Environment,
}

impl Attempts {
    /// Counts by this limiter.
    pub const fn new(limiter: Arc<RateLimiter>, environment: Environment) -> Self {
        Self { limiter, environment }
    }

    /// Counts one, if there were fewer than `limit` in the last minute. Else the failure says when to try again, and
    /// nothing is counted.
    pub(crate) async fn count(&self, key: PartitionKey, limit: u32) -> Result<(), Failure> {
        let now = self.environment.steady().unix_timestamp();
        let quota = self.limiter.check(key, limit, now).await;
        if quota.allowed { Ok(()) } else { Err(rate_limited(&quota, now)) }
    }
}
