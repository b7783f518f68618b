//! The schedule: claims what is due, again and again, and has it looked after.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{Monitor, release_queue::ReleaseQueue};
use crate::{
    shutdown::Shutdown,
    store::{Claim, Release, StoreError},
};

/// Between two rounds while there is more to do than can be done at once.
const BREATH: Duration = Duration::from_millis(20);
/// Between two rounds while something was due: so that little is begun at once, and little is under way if the process dies.
const PACE: Duration = Duration::from_millis(100);
/// The longest wait for a database that does not answer.
const MAX_BACK_OFF: Duration = Duration::from_secs(5);

impl Monitor {
    /// Looks after what is due, until `stop` says so; then ends what is under way.
    pub async fn work(&self, mut stop: Shutdown) {
        if self.0.settings.in_flight == 0 {
            stop.requested().await;
            return self.0.limits.drain().await;
        }
        let providers: Vec<String> = self.catalog.iter().map(|one| one.key.to_string()).collect();
        let (queue, releasing) = ReleaseQueue::start(self.store.clone());
        let mut under_way = JoinSet::new();
        let mut failures = 0;
        loop {
            let pause = match self.round(&providers, &queue, &mut under_way).await {
                Ok(pause) => {
                    if failures > 0 {
                        tracing::info!("the database says again what is due");
                    }
                    failures = 0;
                    pause
                }
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(%error, "the database does not say what is due; asking again");
                    }
                    failures += 1;
                    (BREATH * 2_u32.pow(failures.min(10))).min(MAX_BACK_OFF)
                }
            };
            while under_way.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.requested() => break,
            }
        }
        while under_way.join_next().await.is_some() {}
        self.0.limits.drain().await;
        drop(queue);
        // An error is a panic there, which has been logged.
        drop(releasing.await);
    }

    /// Claims as much of what is due as can be done at once. Returns how long to wait for the next round.
    async fn round(
        &self,
        providers: &[String],
        queue: &ReleaseQueue,
        under_way: &mut JoinSet<()>,
    ) -> Result<Duration, StoreError> {
        let poll = self.0.settings.poll;
        let due = self.store.due(providers).await?;
        let now = self.environment.now();
        let oldest = due.iter().map(|(_, due_at)| *due_at).min();
        self.metrics.queue_age(oldest.and_then(|oldest| (now - oldest).try_into().ok()).unwrap_or_default());
        let mut pause = poll;
        for (provider, due_at) in due {
            if due_at > now {
                pause = pause.min((due_at - now).try_into().unwrap_or(BREATH));
                continue;
            }
            let free = self.0.limits.free(&provider);
            let claims = match u32::try_from(free).unwrap_or(u32::MAX) {
                0 => Vec::new(),
                limit => {
                    let end = now + self.0.lease;
                    self.store.claim(self.environment.id(), &provider, now, end, limit).await?
                }
            };
            pause = pause.min(if claims.len() == free { BREATH } else { PACE });
            for claim in claims {
                self.begin(claim, queue, under_way);
            }
        }
        Ok(pause.max(BREATH))
    }

    fn begin(&self, claim: Claim, queue: &ReleaseQueue, under_way: &mut JoinSet<()>) {
        if claim.is_taken_over {
            self.metrics.lease_taken_over();
            tracing::info!(integration = %claim.integration, "taking over a lease that was not given back");
        }
        let slot = self.0.limits.try_take(&claim.provider);
        let (monitor, queue) = (self.clone(), queue.clone());
        under_way.spawn(async move {
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
