//! Shows runs.

use std::time::Duration;

use integrations_core::ids::RunId;
use tokio::time::Instant;

use super::Actions;
use crate::{
    jobs::{Backoff, retry_until},
    store::{ReadError, RunFilter, RunRow, Tenant},
};

/// The pause between two looks at a run that has not ended. Another replica may end it.
const PAUSE: Duration = Duration::from_millis(200);

/// A page of runs.
#[derive(Clone, Debug)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunRow>,
    /// Whether there are older ones.
    pub has_more: bool,
}

impl RunPage {
    /// The id for the next page, which ends before it. `None` if there are no older runs.
    pub fn cursor(&self) -> Option<&str> {
        self.runs.last().filter(|_| self.has_more).map(|last| last.id.as_str())
    }
}

impl Actions {
    /// Up to `limit` of a tenant's runs, newest first.
    pub async fn runs(&self, tenant: &Tenant, filter: &RunFilter, limit: u16) -> Result<RunPage, ReadError> {
        // One more than requested shows whether there are more.
        let mut runs = self.store.runs(tenant, filter, limit + 1).await?;
        let has_more = runs.len() > usize::from(limit);
        runs.truncate(usize::from(limit));
        Ok(RunPage { runs, has_more })
    }

    /// A tenant's run, if there is one with this id: when it has ended, or as it is when `patience` is over.
    pub async fn run(
        &self,
        tenant: &Tenant,
        id: RunId,
        patience: Duration,
    ) -> Result<Option<RunRow>, ReadError> {
        let look = || async {
            match self.store.run(tenant, id).await {
                Ok(Some(run)) if run.finished_at.is_none() => Err(run),
                found => Ok(found),
            }
        };
        let ended = retry_until(Instant::now() + patience, Backoff::constant(PAUSE), look).await;
        ended.unwrap_or_else(|pending| Ok(Some(pending)))
    }

    /// Seconds until the provider of a run may be called again, if it asked for no calls.
    pub fn wait_left(&self, run: &RunRow) -> Option<u32> {
        self.0.waits.left(run.integration_id.parse().ok()?)
    }
}
