//! Gives a lease back with its result.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use integrations_core::{
    audit::{Actor, AuditAction, Change},
    catalog::Provider,
    health::{self, Verdict},
    observation::{Observation, is_as_before},
};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{Monitor, NotAsked, attend::Attended, release_queue::ReleaseQueue};
use crate::{
    jobs::{Backoff, retry_until},
    store::{Claim, Decision, LeaseEnd, LeaseWrite, Loaded, NewAuditEvent, Release, StoreError},
};

/// The first pause between attempts to store something while the database does not answer. It doubles up to
/// `LAST_PAUSE`.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// What came of a lease.
pub(super) struct Conclusion {
    /// What was found, if it is stored or will be.
    pub(super) found: Result<Verdict, NotAsked>,
    /// Whether the integration has a new version because of that.
    pub(super) is_changed: bool,
}

impl Monitor {
    /// Gives a lease back. If nothing is to be recorded, it goes through `queue`, if there is one. Otherwise it is
    /// stored at once.
    pub(super) async fn conclude(
        &self,
        claim: Claim,
        attended: Attended,
        queue: Option<&ReleaseQueue>,
    ) -> Conclusion {
        let Attended::Ended { ended, found } = attended else {
            return Conclusion { found: Err(NotAsked::Lost), is_changed: false };
        };
        let verdict = match &found {
            Ok(verdict) => Some(verdict.clone()),
            Err(NotAsked::Sealed) => Some(health::sealed()),
            Err(NotAsked::NoProbe) => Some(Verdict::Unasked),
            Err(NotAsked::Unapproved) => self.provider_of(&claim).map(health::unapproved),
            Err(_) => None,
        };
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
            let is_changed = AtomicBool::new(false);
            let decide = |loaded: &Loaded| {
                let decision = self.observe(&claim, loaded, verdict.as_ref()?);
                is_changed.store(decision.is_some(), Ordering::Relaxed);
                decision
            };
            let settle = || self.store.settle(&claim, ended, &decide);
            let is_stored = self.retry_storing(self.0.lease, settle).await == Some(LeaseWrite::Stored);
            let is_changed = is_stored && is_changed.load(Ordering::Relaxed);
            let found = if is_stored { found } else { found.and(Err(NotAsked::Lost)) };
            return Conclusion { found, is_changed };
        };
        let synced_at = (verdict == Some(Verdict::Well)).then(|| self.environment.now());
        let release = Release { claim, synced_at, schedule };
        match queue {
            Some(queue) => queue.push(release).await,
            None => {
                self.retry_storing(self.0.lease, || self.store.release(std::slice::from_ref(&release))).await;
            }
        }
        Conclusion { found, is_changed: false }
    }

    /// The provider of a claimed integration, by the way that it was connected.
    fn provider_of(&self, claim: &Claim) -> Option<&Provider> {
        self.catalog.ways(claim.provider.key()).map(|ways| ways.stored(claim.way()).as_ref())
    }

    /// The change that a verdict makes to a stored integration. `None` if there is no change.
    fn observe(&self, claim: &Claim, loaded: &Loaded, verdict: &Verdict) -> Option<Decision> {
        let now = self.environment.now();
        let Ok(Observation::Changed(revision)) = loaded.integration.observe(verdict, now) else {
            return None;
        };
        tracing::info!(
            integration = %claim.integration,
            provider = %claim.provider,
            status = %revision.integration.status(),
            health = revision.integration.health.as_str(),
            message = revision.integration.error_message.as_deref(),
            "an integration's health has changed"
        );
        Some(Decision {
            integration: revision.integration,
            sealed_settings: None,
            destroys_credential: false,
            revocation: None,
            event: self.event(claim, revision.action, revision.changes, now),
        })
    }

    /// An event about a claimed integration, whose actor is the system.
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
            integration: Some((claim.integration, claim.provider.to_string())),
            action,
            actor: Actor::System,
            request_id: None,
            changes,
            at,
        }
    }

    /// Tries to store something until that succeeds or `patience` is over. `None`: it was not stored.
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
                let _permit = self.permit_to_store().await;
                storing.await.inspect_err(
                    |error| tracing::debug!(%error, "storing the result of a check failed; it will be tried again"),
                )
            }
        };
        let backoff = Backoff::new(FIRST_PAUSE, LAST_PAUSE);
        let stored = retry_until(Instant::now() + patience, backoff, attempt).await;
        stored
            .inspect_err(|error| {
                tracing::error!(%error, "the result of a check could not be stored and is lost");
            })
            .ok()
    }
}
