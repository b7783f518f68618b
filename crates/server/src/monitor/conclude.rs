//! Gives a lease back with what was found.

use std::{future::Future, time::Duration};

use integrations_core::{
    audit::Actor,
    health::Verdict,
    observation::{Observation, is_as_before},
};
use tokio::time::Instant;

use super::{Monitor, attend::Attended, recorder::Recorder};
use crate::store::{Claim, Decision, Done, Ended, Loaded, NewAuditEvent, Plan, StoreError};

/// Between two tries at a database that does not answer, doubled up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

impl Monitor {
    /// Gives a lease back. Where nothing is to be recorded by way of `recorder`, if there is one, otherwise at once.
    pub(super) async fn conclude(&self, claim: Claim, attended: Attended, recorder: Option<&Recorder>) {
        let Attended::Ended { ended, verdict } = attended else { return };
        let plain = match (&ended, &verdict) {
            (Ended::GoesOn(plan), None) => Some(*plan),
            (Ended::GoesOn(plan), Some(verdict)) if is_as_before(verdict, claim.status, claim.health) => {
                Some(*plan)
            }
            _ => None,
        };
        match (plain, recorder) {
            (Some(plan), Some(recorder)) => {
                let synced_at = self.synced_at(verdict.as_ref());
                recorder.record(Done { synced_at, ..self.done(claim, plan) }).await;
            }
            (Some(plan), None) => {
                let done = Done { synced_at: self.synced_at(verdict.as_ref()), ..self.done(claim, plan) };
                self.insist(self.0.lease, || self.store.release(std::slice::from_ref(&done))).await;
            }
            (None, _) => {
                let decide = |loaded: &Loaded| self.observe(&claim, loaded, verdict.as_ref()?);
                self.insist(self.0.lease, || self.store.settle(&claim, ended, &decide)).await;
            }
        }
    }

    /// A lease that is given back with nothing found.
    pub(super) fn done(&self, claim: Claim, plan: Plan) -> Done {
        Done { claim, synced_at: None, plan }
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
        let event = NewAuditEvent {
            id: self.environment.id(),
            organization: claim.tenant.organization,
            project: Some(claim.tenant.project),
            integration: Some((claim.integration, claim.provider.clone())),
            action: revision.action,
            actor: Actor::System,
            request_id: None,
            changes: revision.changes,
            at: now,
        };
        Some(Decision {
            integration: revision.integration,
            sealed_settings: None,
            destroys_credential: false,
            event,
        })
    }

    /// Tries to store something until that succeeds, or `patience` is over: then what was to be stored is lost.
    pub(super) async fn insist<T, F>(&self, patience: Duration, mut store: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let end = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let turn = self.turn_to_store().await;
            let stored = store().await;
            drop(turn);
            match stored {
                Ok(stored) => return Some(stored),
                Err(error) if Instant::now() >= end => {
                    tracing::error!(%error, "what was found of an integration cannot be stored and is lost");
                    return None;
                }
                Err(error) => {
                    tracing::debug!(%error, "the database does not store what was found; trying again")
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }
}
