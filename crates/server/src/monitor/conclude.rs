//! Gives a lease back with what was found.

use std::{future::Future, time::Duration};

use integrations_core::{
    audit::{Actor, AuditAction, Change},
    health::Verdict,
    observation::{Observation, is_as_before},
};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{Monitor, attend::Attended, release_queue::ReleaseQueue};
use crate::{
    jobs::{Backoff, retry_until},
    store::{Claim, Decision, LeaseEnd, Loaded, NewAuditEvent, Release, StoreError},
};

/// Between two tries at a database that does not answer, doubled up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

impl Monitor {
    /// Gives a lease back. Where nothing is to be recorded by way of `queue`, if there is one, otherwise at once.
    pub(super) async fn conclude(&self, claim: Claim, attended: Attended, queue: Option<&ReleaseQueue>) {
        let Attended::Ended { ended, verdict } = attended else { return };
        let plain = match (&ended, &verdict) {
            (LeaseEnd::GoesOn(schedule), None) => Some(*schedule),
            (LeaseEnd::GoesOn(schedule), Some(verdict))
                if is_as_before(verdict, claim.status, claim.health) =>
            {
                Some(*schedule)
            }
            _ => None,
        };
        let Some(schedule) = plain else {
            let decide = |loaded: &Loaded| self.observe(&claim, loaded, verdict.as_ref()?);
            self.retry_storing(self.0.lease, || self.store.settle(&claim, ended, &decide)).await;
            return;
        };
        let synced_at = (verdict == Some(Verdict::Well)).then(|| self.environment.now());
        let release = Release { claim, synced_at, schedule };
        match queue {
            Some(queue) => queue.push(release).await,
            None => {
                self.retry_storing(self.0.lease, || self.store.release(std::slice::from_ref(&release))).await;
            }
        }
    }

    /// What a verdict makes of a stored integration; nothing where that is as it was.
    fn observe(&self, claim: &Claim, loaded: &Loaded, verdict: &Verdict) -> Option<Decision> {
        let now = self.environment.now();
        let Ok(Observation::Changed(revision)) = loaded.integration.observe(verdict, now) else {
            return None;
        };
        tracing::info!(
            integration = %claim.integration,
            provider = claim.provider,
            status = %revision.integration.status(),
            health = revision.integration.health.as_str(),
            message = revision.integration.error_message.as_deref(),
            "an integration's health has changed"
        );
        Some(Decision {
            integration: revision.integration,
            sealed_settings: None,
            destroys_credential: false,
            event: self.event(claim, revision.action, revision.changes, now),
        })
    }

    /// An event of the system's about a claimed integration.
    pub(super) fn event(
        &self,
        claim: &Claim,
        action: AuditAction,
        changes: Vec<Change>,
        at: OffsetDateTime,
    ) -> NewAuditEvent {
        NewAuditEvent {
            id: self.environment.id(),
            organization: claim.tenant.organization,
            project: Some(claim.tenant.project),
            integration: Some((claim.integration, claim.provider.clone())),
            action,
            actor: Actor::System,
            request_id: None,
            changes,
            at,
        }
    }

    /// Tries to store something until that succeeds, or `patience` is over: then it is given up.
    pub(super) async fn retry_storing<T, F>(
        &self,
        patience: Duration,
        mut store: impl FnMut() -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let attempt = || {
            let storing = store();
            async move {
                let _turn = self.turn_to_store().await;
                storing.await.inspect_err(
                    |error| tracing::debug!(%error, "the database did not store what it was given"),
                )
            }
        };
        let backoff = Backoff::new(FIRST_PAUSE, LAST_PAUSE);
        let stored = retry_until(Instant::now() + patience, backoff, attempt).await;
        stored
            .inspect_err(|error| {
                tracing::error!(%error, "what was to be stored of an integration cannot be, and is given up");
            })
            .ok()
    }
}
