//! Claims due integrations repeatedly and monitors them.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use super::{Monitor, release_queue::ReleaseQueue};
use crate::{
    jobs::{Backoff, Job, Next},
    store::{Claim, Queue, Release, StoreError},
};

/// The pause between two rounds while more is due than may be in flight.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// The pause between two rounds while something is due. It is short, so that little begins at once and little is in
/// flight if the process stops.
const PAUSE_WHILE_DUE: Duration = Duration::from_millis(100);
/// The longest pause while the database does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The job that monitors due integrations.
#[derive(Debug)]
pub struct DueWork {
    monitor: Monitor,
    /// The queues of all providers.
    queues: Vec<Queue>,
    released: ReleaseQueue,
    releasing: JoinHandle<()>,
    under_way: JoinSet<()>,
}

impl Monitor {
    /// The job that monitors due integrations. Call inside the runtime.
    pub fn due_work(&self) -> DueWork {
        let (released, releasing) = ReleaseQueue::start(self.store.clone());
        let queues = self.catalog.iter().flat_map(|one| Queue::both(one.key.as_str())).collect();
        DueWork { monitor: self.clone(), queues, released, releasing, under_way: JoinSet::new() }
    }
}

impl Job for DueWork {
    type Error = StoreError;
    const NAME: &'static str = "due_work";

    fn backoff(&self) -> Backoff {
        Backoff::new(SHORTEST_PAUSE * 2, LONGEST_PAUSE)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        while self.under_way.try_join_next().is_some() {}
        if self.monitor.0.settings.in_flight == 0 {
            return Ok(Next::WhenWoken);
        }
        self.begin_due().await.map(Next::In)
    }

    /// Waits for the work in progress, and stores its results.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
        self.monitor.0.limits.drain().await;
        drop(self.released);
        // An error means that the task panicked, which has been logged.
        drop(self.releasing.await);
    }

    fn report_failure(&self, error: &StoreError) {
        tracing::warn!(%error, "reading which integrations are due failed; it will be tried again");
    }

    fn report_recovery(&self) {
        tracing::info!("integrations are monitored again");
    }
}

impl DueWork {
    /// Claims as many due integrations as may be in flight, and begins to monitor them. Returns the pause before the
    /// next round.
    async fn begin_due(&mut self) -> Result<Duration, StoreError> {
        let monitor = self.monitor.clone();
        let due = monitor.store.due(&self.queues).await?;
        let now = monitor.environment.now();
        let oldest = due.first().map(|(_, due_at)| *due_at);
        monitor
            .metrics
            .queue_age(oldest.and_then(|oldest| (now - oldest).try_into().ok()).unwrap_or_default());
        let mut pause = monitor.0.settings.poll;
        for (queue, due_at) in due {
            if due_at > now {
                pause = pause.min((due_at - now).try_into().unwrap_or(SHORTEST_PAUSE));
                continue;
            }
            let free = monitor.0.limits.free(queue.provider_key());
            let claims = match u32::try_from(free).unwrap_or(u32::MAX) {
                0 => Vec::new(),
                limit => {
                    let (lease, end) = (monitor.environment.id(), now + monitor.0.lease);
                    monitor.store.claim(lease, &queue, now, end, limit).await?
                }
            };
            pause = pause.min(if claims.len() == free { SHORTEST_PAUSE } else { PAUSE_WHILE_DUE });
            for claim in claims {
                self.begin(claim);
            }
        }
        Ok(pause.max(SHORTEST_PAUSE))
    }

    fn begin(&mut self, claim: Claim) {
        let (monitor, released) = (self.monitor.clone(), self.released.clone());
        if claim.is_taken_over {
            monitor.metrics.lease_taken_over();
            tracing::info!(integration = %claim.integration, "taking over a lease that was not given back");
        }
        let slot = monitor.0.limits.try_take(claim.provider.key());
        self.under_way.spawn(async move {
            let Some(_slot) = slot else {
                // A requested check took the slot in between.
                released.push(Release { schedule: claim.schedule, claim, synced_at: None }).await;
                return;
            };
            let _counted = monitor.metrics.in_flight();
            let attended = monitor.attend(&claim, false).await;
            // Whoever looks after the schedule has nobody to tell.
            let _found = monitor.conclude(claim, attended, Some(&released)).await;
        });
    }
}
