//! Deletes finished runs of actions that are older than the operator wants to keep them.

use std::time::Duration;

use integrations_core::{
    audit::{Acting, AuditAction, change},
    ids::OrganizationId,
};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    store::{NewAuditEvent, Store, StoreError},
};

/// It is often enough for a setting in days, and each organization gets at most one event a round.
const PERIOD: Duration = Duration::from_hours(24);
const RETRY: Duration = Duration::from_mins(1);
/// The number of runs that one transaction deletes. It is small, so that the server's own writes do not wait long.
const BATCH: u32 = 1_000;

/// The job that deletes old runs.
#[derive(Debug)]
pub struct RunRetention {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
    /// How old a run may become.
    pub keep: Duration,
}

impl Job for RunRetention {
    type Error = StoreError;
    const NAME: &'static str = "run_retention";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::constant(RETRY)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let environment = &self.environment;
        let before = time::Duration::try_from(self.keep).ok();
        // Nothing is older than what a time of the calendar can say.
        let Some(before) = before.and_then(|keep| environment.now().checked_sub(keep)) else {
            return Ok(Next::Every(PERIOD));
        };
        let shown = before.format(&Rfc3339).unwrap_or_default();
        let event = |organization: OrganizationId| {
            let pruned =
                NewAuditEvent::new(environment, organization, AuditAction::ActionRunsPruned, Acting::SYSTEM);
            let changes = change("runs_before", Value::Null, shown.as_str()).into_iter().collect();
            NewAuditEvent { changes, ..pruned }
        };
        let mut pruning = self.store.prune_runs(before, BATCH);
        let (mut deleted, mut began) = (0, environment.uptime());
        while let Some(more) = pruning.step(event).await? {
            deleted += more;
            // The pause gives other writers as much time as this batch took.
            environment.pause(environment.uptime().saturating_sub(began)).await;
            began = environment.uptime();
        }
        if deleted > 0 {
            tracing::info!(deleted, before = shown, "old runs of actions were deleted");
        }
        Ok(Next::Every(PERIOD))
    }
}
