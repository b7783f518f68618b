//! What a probe's verdict makes of an integration.

use time::OffsetDateTime;

use crate::{
    audit::AuditAction,
    health::Verdict,
    integration::{Integration, Revision},
    lifecycle::{Command, Health, Refusal, State, Status},
};

/// What becomes of an integration that was probed.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Nothing is different, but for the time at which the provider last answered well.
    AsBefore,
    /// Something is, and is recorded.
    Changed(Box<Revision>),
}

impl Integration {
    /// What `verdict` makes of it.
    ///
    /// Well leads out of `error`, to the status before it. Dead leads into it. Trouble at the provider leaves the status
    /// alone, and says nothing new of a credential that was refused: what was wrong with it stays on record. An
    /// integration that is disconnected is not observed: [`Refusal::NotApplicable`].
    pub fn observe(&self, verdict: &Verdict, now: OffsetDateTime) -> Result<Observation, Refusal> {
        let mut next = self.clone();
        match verdict {
            Verdict::Well => {
                next.transition(Command::ProbeWell)?;
                next.last_synced_at = Some(now);
            }
            Verdict::Dead { .. } => next.transition(Command::ProbeDead)?,
            Verdict::Degraded { .. } => match self.state {
                State::Available | State::Disconnected => return Err(Refusal::NotApplicable),
                State::Error { .. } => return Ok(Observation::AsBefore),
                State::Active | State::Paused => {}
            },
        }
        next.health = verdict.health();
        next.error_message = verdict.message().map(str::to_owned);
        let errored = next.status() == Status::Error && self.status() != Status::Error;
        let action =
            if errored { AuditAction::IntegrationErrored } else { AuditAction::IntegrationHealthChanged };
        let revision = self.revised(next, action, now);
        Ok(revision.map_or(Observation::AsBefore, |revision| Observation::Changed(Box::new(revision))))
    }
}

/// Whether a verdict can only find an integration as it was, by its status and health: then nobody need look further.
pub fn is_as_before(verdict: &Verdict, status: Status, health: Health) -> bool {
    *verdict == Verdict::Well && health == Health::Healthy && status != Status::Error
}
