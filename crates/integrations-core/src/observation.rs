//! Applies a probe's verdict to an integration.

use time::OffsetDateTime;

use crate::{
    audit::AuditAction,
    health::Verdict,
    integration::{Integration, Revision},
    lifecycle::{Command, Health, Refusal, State, Status},
};

/// The result of applying a verdict to an integration.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Nothing changes, except the time at which the provider last accepted the credential.
    Unchanged,
    /// The integration changes, and an audit event records it.
    Changed(Box<Revision>),
}

impl Integration {
    /// Applies `verdict` to the integration.
    ///
    /// `Well` leads from `error` back to the status before it. `Dead` leads to `error`. `Degraded` does not change the
    /// status; in `error` it changes nothing, so that the message about the refusal stays. `Unasked` does as `Well`,
    /// but the health is unknown, and no time of a good answer is kept. If the integration is disconnected, the verdict
    /// is refused with [`Refusal::NotApplicable`].
    pub fn observe(&self, verdict: &Verdict, now: OffsetDateTime) -> Result<Observation, Refusal> {
        let mut next = self.clone();
        match verdict {
            Verdict::Well => {
                next.transition(Command::ProbeWell)?;
                next.last_synced_at = Some(now);
            }
            // Nothing speaks against the credential any more: nobody can be asked about it.
            Verdict::Unasked => next.transition(Command::ProbeWell)?,
            Verdict::Dead { .. } => next.transition(Command::ProbeDead)?,
            Verdict::Degraded { .. } => match self.state {
                State::Available | State::Disconnected => return Err(Refusal::NotApplicable),
                State::Error { .. } => return Ok(Observation::Unchanged),
                State::Active | State::Paused => {}
            },
        }
        next.health = verdict.health();
        next.error_message = verdict.message().map(str::to_owned);
        let errored = next.status() == Status::Error && self.status() != Status::Error;
        let action =
            if errored { AuditAction::IntegrationErrored } else { AuditAction::IntegrationHealthChanged };
        let revision = self.revised(next, action, now);
        Ok(revision.map_or(Observation::Unchanged, |revision| Observation::Changed(Box::new(revision))))
    }
}

/// Whether a verdict is sure to change nothing about an integration with this status and health. Then the integration
/// need not be loaded.
pub fn is_as_before(verdict: &Verdict, status: Status, health: Health) -> bool {
    let is_good = matches!(verdict, Verdict::Well | Verdict::Unasked);
    is_good && health == verdict.health() && status != Status::Error
}
