//! Which integrations are not called for now, because their providers asked for that.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use integrations_core::ids::IntegrationId;

use crate::environment::Environment;

/// How many integrations are remembered before those whose wait is over are dropped.
const MANY: usize = 10_000;

/// How long this process leaves integrations alone. What one of its calls was told counts for all.
#[derive(Debug)]
pub(super) struct Waits {
    /// The uptime at which each wait is over.
    ends: Mutex<HashMap<IntegrationId, Duration>>,
    environment: Environment,
}

impl Waits {
    pub(super) fn new(environment: Environment) -> Self {
        Self { ends: Mutex::default(), environment }
    }

    /// Leaves an integration alone for this long, or longer if it was to be left alone longer.
    pub(super) fn hold(&self, integration: IntegrationId, wait: Duration) {
        let now = self.environment.uptime();
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= MANY {
            ends.retain(|_, end| *end > now);
        }
        let end = ends.entry(integration).or_default();
        *end = (*end).max(now + wait);
    }

    /// Seconds until an integration may be called, rounded up. `None`: it may be called now.
    pub(super) fn left(&self, integration: IntegrationId) -> Option<u32> {
        let now = self.environment.uptime();
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let left = ends.get(&integration)?.checked_sub(now).filter(|left| !left.is_zero())?;
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}
