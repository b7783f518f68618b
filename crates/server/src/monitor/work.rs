//! Claims what is due, again and again, and has it looked after.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use super::{Monitor, release_queue::ReleaseQueue};
use crate::{
    jobs::{Backoff, Job, Next},
    store::{Claim, Release, StoreError},
};

/// Between two rounds while there is more to do than can be done at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// Between two rounds while something was due: so that little is begun at once, and little is under way if the process
/// dies.
const PAUSE_WHILE_DUE: Duration = Duration::from_millis(100);
/// The longest wait for a database that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The job that looks after what is due.
#[derive(Debug)]
pub struct DueWork {
    monitor: Monitor,
    /// The keys of all providers.
    providers: Vec<String>,
    queue: ReleaseQueue,
    releasing: JoinHandle<()>,
    under_way: JoinSet<()>,
}

impl Monitor {
    /// The job that looks after what is due. Call inside the runtime.
    pub fn due_work(&self) -> DueWork {
        let (queue, releasing) = ReleaseQueue::start(self.store.clone());
        let providers = self.catalog.iter().map(|one| one.key.to_string()).collect();
        DueWork { monitor: self.clone(), providers, queue, releasing, under_way: JoinSet::new() }
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

    /// Ends what is under way, and stores what came of it.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
        self.monitor.0.limits.drain().await;
        drop(self.queue);
        // An error is a panic there, which has been logged.
        drop(self.releasing.await);
    }

    fn report_failure(&self, error: &StoreError) {
        tracing::warn!(%error, "the database does not say what is due; asking again");
    }

    fn report_recovery(&self) {
        tracing::info!("the database says again what is due");
    }
}

impl DueWork {
    /// Claims as much of what is due as can be done at once, and begins it. Returns how long to wait for the next round.
    async fn begin_due(&mut self) -> Result<Duration, StoreError> {
        let monitor = self.monitor.clone();
        let due = monitor.store.due(&self.providers).await?;
        let now = monitor.environment.now();
        let oldest = due.iter().map(|(_, due_at)| *due_at).min();
        monitor
            .metrics
            .queue_age(oldest.and_then(|oldest| (now - oldest).try_into().ok()).unwrap_or_default());
        let mut pause = monitor.0.settings.poll;
        for (provider, due_at) in due {
            if due_at > now {
                pause = pause.min((due_at - now).try_into().unwrap_or(SHORTEST_PAUSE));
                continue;
            }
            let free = monitor.0.limits.free(&provider);
            let claims = match u32::try_from(free).unwrap_or(u32::MAX) {
                0 => Vec::new(),
                limit => {
                    let (lease, end) = (monitor.environment.id(), now + monitor.0.lease);
                    monitor.store.claim(lease, &provider, now, end, limit).await?
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
        let (monitor, queue) = (self.monitor.clone(), self.queue.clone());
        if claim.is_taken_over {
            monitor.metrics.lease_taken_over();
            tracing::info!(integration = %claim.integration, "taking over a lease that was not given back");
        }
        let slot = monitor.0.limits.try_take(&claim.provider);
        self.under_way.spawn(async move {
            let Some(_slot) = slot else {
                // A check that somebody asked for came in between.
                queue.push(Release { schedule: claim.schedule, claim, synced_at: None }).await;
                return;
            };
            let _counted = monitor.metrics.in_flight();
            let attended = monitor.attend(&claim, false).await;
            monitor.conclude(claim, attended, Some(&queue)).await;
        });
    }
}
