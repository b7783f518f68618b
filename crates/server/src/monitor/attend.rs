//! Monitors one integration: refreshes its tokens if that is due, and probes its credential if that is due.

use std::{sync::Arc, time::Duration};

use integrations_core::{
    catalog::Provider,
    health::{self, Verdict},
    lifecycle::Health,
    schedule::{BETWEEN_REFRESHES, until_probe, until_refresh_retry},
};
use secrecy::ExposeSecret as _;
use time::OffsetDateTime;

use super::{Monitor, NotAsked, renew::Renewal, subject::Subject};
use crate::{
    metrics::ProbeOutcome,
    provider::prober::{Checked, UNTIL_ACCEPTED},
    store::{Claim, LeaseEnd, Schedule},
    vault::Purpose,
};

/// How long a renewal that rests waits before it is looked again whether it still does.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
/// How long to wait if a host has its maximum of probes in flight.
const HOST_PAUSE: Duration = Duration::from_millis(500);

/// The result of a lease.
#[derive(Debug)]
pub(super) enum Attended {
    /// The lease is to be given back.
    Ended {
        /// How the lease ends.
        ended: LeaseEnd,
        /// What a probe or a refresh found, or why there was none.
        found: Result<Verdict, NotAsked>,
    },
    /// The lease has passed to another owner, or a result could not be stored. Nothing is to be done.
    Lost,
}

impl Attended {
    fn found(schedule: Schedule, verdict: Verdict) -> Self {
        Self::Ended { ended: LeaseEnd::GoesOn(schedule), found: Ok(verdict) }
    }

    fn not_asked(schedule: Schedule, why: NotAsked) -> Self {
        Self::Ended { ended: LeaseEnd::GoesOn(schedule), found: Err(why) }
    }

    fn given_up(at: OffsetDateTime, verdict: Verdict) -> Self {
        Self::Ended { ended: LeaseEnd::GivenUp(at), found: Ok(verdict) }
    }
}

impl Monitor {
    /// Monitors a claimed integration. It is probed if that is due or if a check was requested (`is_asked`).
    #[tracing::instrument(skip_all, fields(integration = %claim.integration, provider = %claim.provider))]
    pub(super) async fn attend(&self, claim: &Claim, is_asked: bool) -> Attended {
        let (mut schedule, now) = (claim.schedule, self.environment.now());
        let mut subject = match self.open(claim) {
            Ok(subject) => subject,
            Err(why) => return self.until_the_operator_acts(schedule, why),
        };
        if schedule.refresh_begun_by.is_some() && subject.is_sent_once() {
            return self.attend_interrupted(claim, schedule, &subject).await;
        }
        let (mut is_renewed, mut token_limit) = (false, None);
        if schedule.refresh_at.is_some_and(|refresh_at| refresh_at <= now) {
            token_limit = self.token_limit(&mut schedule, &subject).await;
            if token_limit.is_none() {
                let has_ended = claim.expires_at.is_some_and(|expires_at| expires_at <= now);
                match self.after_renewal(claim, schedule, &mut subject, has_ended).await {
                    Ok(after) => (schedule, is_renewed) = (after, true),
                    Err(attended) => return attended,
                }
            }
        }
        if subject.provider.probe.request().is_none() {
            return self.until_the_next_look(claim, schedule, &subject.provider);
        }
        let wants_probe =
            is_asked || schedule.probe_at <= now || (is_renewed && claim.health != Health::Healthy);
        if !wants_probe {
            return Attended::not_asked(schedule, NotAsked::NotDue);
        }
        if let Some(until) = schedule.not_before.filter(|until| *until > now) {
            return Attended::not_asked(schedule, NotAsked::Limited(until));
        }
        let Some(mut checked) = self.ask(&subject, is_asked).await else {
            schedule.probe_at = now + HOST_PAUSE;
            return Attended::not_asked(schedule, NotAsked::NotDue);
        };
        if checked.is_refused() && !is_renewed && subject.is_renewable() {
            if token_limit.is_none() {
                token_limit = self.token_limit(&mut schedule, &subject).await;
            }
            if let Some((until, verdict)) = token_limit {
                schedule.probe_at = until;
                return Attended::found(schedule, verdict);
            }
            match self.after_renewal(claim, schedule, &mut subject, true).await {
                Ok(after) => (schedule, is_renewed) = (after, true),
                Err(attended) => return attended,
            }
            let Some(again) = self.ask(&subject, true).await else { return Attended::Lost };
            checked = again;
        }
        for pause in UNTIL_ACCEPTED.into_iter().filter(|_| is_renewed) {
            if checked.is_refused() {
                self.environment.pause(pause).await;
                let Some(again) = self.ask(&subject, true).await else { return Attended::Lost };
                checked = again;
            }
        }
        let schedule = self.after_probe(claim, schedule, &subject.provider, &checked);
        Attended::found(schedule, checked.verdict)
    }

    /// Nothing can be done before the operator acts, who may do so at any time.
    fn until_the_operator_acts(&self, mut schedule: Schedule, why: NotAsked) -> Attended {
        schedule.failures = schedule.failures.saturating_add(1);
        let wait = until_refresh_retry(schedule.failures, self.environment.spread());
        schedule.probe_at = self.environment.now() + wait;
        schedule.refresh_at = schedule.refresh_at.map(|_| schedule.probe_at);
        Attended::not_asked(schedule, why)
    }

    /// Nobody is asked. A look finds what became of the approval of its host, and of the keys.
    fn until_the_next_look(&self, claim: &Claim, mut schedule: Schedule, provider: &Provider) -> Attended {
        schedule.failures = 0;
        let wait = until_probe(provider, claim.status, 0, self.environment.spread());
        schedule.probe_at = self.environment.now() + wait;
        Attended::not_asked(schedule, NotAsked::NoProbe)
    }

    /// Until when the tokens may not be renewed, and what is said if that is needed before. On what may be a copy of a
    /// database, a refresh token that works once is not sent: whoever has the original may have sent it.
    async fn token_limit(
        &self,
        schedule: &mut Schedule,
        subject: &Subject,
    ) -> Option<(OffsetDateTime, Verdict)> {
        let now = self.environment.now();
        // If it cannot be read, it is not known.
        let rests = subject.refresh_token().is_some()
            && subject.provider.rotates()
            && self.store.quiet_since().await.map_or(true, |since| since.is_some());
        if rests {
            let until = schedule.token_not_before.max(Some(now + BETWEEN_LOOKS)).unwrap_or(now);
            schedule.token_not_before = Some(until);
            return Some((until, health::renewal_rests(&subject.provider)));
        }
        let until = schedule.token_not_before.filter(|until| *until > now)?;
        Some((until, health::renewal_must_wait(&subject.provider)))
    }

    /// Opens a claim's credential, and looks whether it may be sent. What it cannot is the operator's to mend, and says
    /// nothing about the credential.
    fn open(&self, claim: &Claim) -> Result<Subject, NotAsked> {
        let subject = self.unsealed(claim).ok_or(NotAsked::Sealed)?;
        let is_approved = subject.provider.is_approved(&subject.connection, &subject.credential);
        is_approved.then_some(subject).ok_or(NotAsked::Unapproved)
    }

    fn unsealed(&self, claim: &Claim) -> Option<Subject> {
        let provider = Arc::clone(self.catalog.ways(claim.provider.key())?.stored(claim.way()));
        let opened = self.vault.open(&claim.sealed, Purpose::Credential(claim.into()));
        let opened = opened
            .inspect_err(|error| {
                tracing::error!(integration = %claim.integration, %error, "a credential cannot be opened");
            })
            .ok()?;
        let credential = serde_json::from_slice(opened.expose_secret()).ok()?;
        let connection = serde_json::from_str(&claim.connection).ok()?;
        Some(Subject { provider, connection, credential })
    }

    /// Probes. `None`: the host has its maximum of probes in flight, and nobody waits for this one.
    async fn ask(&self, subject: &Subject, is_asked: bool) -> Option<Checked> {
        let Subject { provider, connection, credential } = subject;
        let request = self.0.prober.request(provider, connection, credential);
        let host = request.as_ref().ok().and_then(|request| request.uri().host()).unwrap_or_default();
        let place = self.0.limits.try_take_host(host);
        if place.is_none() && !is_asked {
            return None;
        }
        let began = tokio::time::Instant::now();
        let checked = self.0.prober.check(provider, request).await;
        let outcome = match checked.verdict {
            Verdict::Well => ProbeOutcome::Well,
            Verdict::Degraded { .. } | Verdict::Unasked => ProbeOutcome::Degraded,
            Verdict::Dead { .. } => ProbeOutcome::Dead,
        };
        self.metrics.probe(provider.key.as_str(), outcome, began.elapsed());
        Some(checked)
    }

    /// Refreshes the tokens. Returns the schedule if there are new tokens or no refresh token; otherwise the error is
    /// the result of the lease. `has_ended`: the access token has expired or was refused.
    async fn after_renewal(
        &self,
        claim: &Claim,
        mut schedule: Schedule,
        subject: &mut Subject,
        has_ended: bool,
    ) -> Result<Schedule, Attended> {
        let renewal = self.renew(claim, subject, has_ended).await;
        let now = self.environment.now();
        match renewal {
            Renewal::Done { refresh_at } => {
                schedule.refresh_at = refresh_at;
                schedule.refresh_begun_by = None;
                Ok(schedule)
            }
            Renewal::Nothing => {
                schedule.refresh_at = None;
                Ok(schedule)
            }
            Renewal::Trouble(Checked { verdict, wait }) => {
                schedule.failures = schedule.failures.saturating_add(1);
                schedule.refresh_begun_by = None;
                let wait_for_retry = until_refresh_retry(schedule.failures, self.environment.spread());
                // Whether a refusal is an error shows when the access token ends.
                let end = claim.expires_at.filter(|end| *end >= now + BETWEEN_REFRESHES);
                let retry_at = end.map_or(now + wait_for_retry, |end| end.min(now + wait_for_retry));
                schedule.refresh_at = schedule.refresh_at.map(|_| retry_at);
                schedule.probe_at = schedule.probe_at.max(retry_at);
                schedule.token_not_before = wait.map(|wait| now + wait);
                Err(Attended::found(schedule, verdict))
            }
            Renewal::Spent(verdict) if !has_ended => {
                schedule.refresh_at = None;
                schedule.refresh_begun_by = Some(claim.lease);
                schedule.probe_at =
                    claim.expires_at.map_or(schedule.probe_at, |end| end.min(schedule.probe_at));
                Err(Attended::found(schedule, verdict))
            }
            Renewal::Dead(verdict) | Renewal::Spent(verdict) => Err(Attended::given_up(now, verdict)),
            Renewal::Lost => Err(Attended::Lost),
        }
    }

    /// Monitors an integration whose refresh was interrupted: the token was sent, and the replica stopped before it
    /// stored the answer. The refresh token is not sent again, because the provider may have ended it and would treat a
    /// second use as theft. The access token is used until it expires.
    async fn attend_interrupted(&self, claim: &Claim, mut schedule: Schedule, subject: &Subject) -> Attended {
        let now = self.environment.now();
        schedule.refresh_at = None;
        let interrupted = health::interrupted_refresh(&subject.provider);
        if claim.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Attended::given_up(now, interrupted);
        }
        if let Some(until) = schedule.not_before.filter(|until| *until > now) {
            return Attended::not_asked(schedule, NotAsked::Limited(until));
        }
        let Some(checked) = self.ask(subject, true).await else { return Attended::Lost };
        if checked.is_refused() {
            return Attended::given_up(self.environment.now(), interrupted);
        }
        let mut schedule = self.after_probe(claim, schedule, &subject.provider, &checked);
        schedule.probe_at = claim.expires_at.map_or(schedule.probe_at, |end| end.min(schedule.probe_at));
        Attended::found(schedule, checked.verdict)
    }

    /// The schedule after a probe.
    fn after_probe(
        &self,
        claim: &Claim,
        mut schedule: Schedule,
        provider: &Provider,
        checked: &Checked,
    ) -> Schedule {
        let now = self.environment.now();
        let is_well = checked.verdict == Verdict::Well;
        schedule.failures = if is_well { 0 } else { schedule.failures.saturating_add(1) };
        schedule.probe_at =
            now + until_probe(provider, claim.status, schedule.failures, self.environment.spread());
        schedule.not_before = checked.wait.map(|wait| now + wait);
        schedule
    }
}
