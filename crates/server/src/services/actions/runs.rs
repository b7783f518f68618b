//! Shows runs.

use std::time::Duration;

use integrations_core::ids::RunId;
use tokio::time::Instant;

use super::Actions;
use crate::{
    jobs::{Backoff, retry_until},
    services::page::Page,
    store::{ReadError, RunFilter, RunRow, Tenant},
};

/// The pause between two looks at a run that has not ended. Another replica may end it.
const PAUSE: Duration = Duration::from_millis(200);

impl Actions {
    /// Up to `limit` of a tenant's runs, newest first.
    pub async fn runs(
        &self,
        tenant: &Tenant,
        filter: &RunFilter,
        limit: u16,
    ) -> Result<Page<RunRow>, ReadError> {
        // One more than requested shows whether there are more.
        Ok(Page::of(self.store.runs(tenant, filter, limit + 1).await?, limit))
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
