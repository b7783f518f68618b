//! Looks at the provider for what came of a call whose answer was lost.

use std::time::Duration as Std;

use integrations_core::{
    action::{Outcome, RunStatus, Shown, resolved},
    catalog::action::Action,
    error::ErrorCode,
    lifecycle::Status,
};
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;

use super::{
    Actions, CallError,
    call::{ended, kept},
    delivery::Delivery,
    ending::{Ending, failed, of_outcome},
    identity,
    opened::Opened,
};
use crate::{
    jobs::executed,
    provider::action_caller::Sent,
    store::{LookClaim, LookEnd, RunEnd, RunRow, StoreError},
};

/// How long a look may ask.
const TO_LOOK: Std = Std::from_secs(20);
/// When a look counts as abandoned: later than the longest ends, in which the credential is renewed.
const LOOK_LIFE: Duration = Duration::minutes(2);
/// The pause before the next look is as long as nobody has known the end so far, within these two.
const SHORTEST_PAUSE: Duration = Duration::seconds(5);
const LONGEST_PAUSE: Duration = Duration::hours(6);
/// How long is looked at all.
const LOOKS_LIFE: Duration = Duration::hours(24);
/// How often nothing must be found before nothing was done.
const ABSENCES: i32 = 2;
/// When it is too early to say that nothing was done: the provider may still be at work on what it was sent.
const AT_WORK: Duration = Duration::minutes(1);

/// Seconds from a lost answer to the first look. `None`: the provider's file does not say how to look.
pub(super) fn seconds_before(action: &Action) -> Option<u32> {
    action.resolve.as_ref().map(|resolve| resolve.lag_seconds.max(1))
}

/// What a look saw.
enum Seen {
    /// What came of the run.
    End(Ending),
    /// The provider does not have it. This counts if it is seen again.
    Absent(Ending),
    /// Nothing, for now.
    Nothing,
    /// The provider is not to be asked for this long.
    Later(Duration),
    /// It cannot be found out any more.
    Never,
}

impl Actions {
    /// Looks once for what came of a call whose answer was lost at this time, as soon as the provider can show it and
    /// may be asked, unless that is after `deadline`. Returns the run if that is its end.
    pub(super) async fn look_soon(
        &self,
        run: &RunRow,
        action: &Action,
        lost_at: OffsetDateTime,
        deadline: Instant,
    ) -> Result<Option<RunRow>, StoreError> {
        let Some(seconds) = seconds_before(action) else { return Ok(None) };
        let damaged = |_| StoreError::Damaged(format!("run {}", run.id));
        let (id, integration) =
            (run.id.parse().map_err(damaged)?, run.integration_id.parse().map_err(damaged)?);
        let pause = seconds.max(self.0.waits.left(integration).unwrap_or(0));
        let (due, pause) = (lost_at + Duration::seconds(seconds.into()), Std::from_secs(pause.into()));
        if Instant::now() + pause >= deadline {
            return Ok(None);
        }
        let until = self.look_until() + pause;
        let Some(claim) = self.store.claim_look(id, due, until).await? else { return Ok(None) };
        self.environment.pause(pause).await;
        self.look(&claim).await
    }

    /// When a look that begins now counts as abandoned.
    pub(super) fn look_until(&self) -> OffsetDateTime {
        self.environment.now() + LOOK_LIFE
    }

    /// Looks, and stores what comes of it. Returns the run if that is its end.
    pub(super) async fn look(&self, claim: &LookClaim) -> Result<Option<RunRow>, StoreError> {
        let seen = self.see(claim).await.unwrap_or_else(|error| {
            tracing::warn!(run = %claim.id, %error, "it could not be looked up what came of a call of an action");
            Seen::Nothing
        });
        let now = self.environment.now();
        let open_for = now - claim.unknown_since;
        let absences = claim.absences + i32::from(matches!(seen, Seen::Absent(_)));
        let ending = match seen {
            Seen::End(ending) => Some(ending),
            Seen::Absent(ending) if absences >= ABSENCES && open_for >= AT_WORK => Some(ending),
            Seen::Never => None,
            _ if open_for >= LOOKS_LIFE => None,
            Seen::Later(_) | Seen::Absent(_) | Seen::Nothing => {
                let pause = open_for.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                let pause = if let Seen::Later(wait) = seen { pause.max(wait) } else { pause };
                self.store.end_look(claim, LookEnd::Again { at: now + pause, absences }).await?;
                return Ok(None);
            }
        };
        let Some(Ending { status, result, error, .. }) = ending else {
            self.store.end_look(claim, LookEnd::GivenUp).await?;
            return Ok(None);
        };
        let provider_status = claim.run.provider_status.and_then(|status| u16::try_from(status).ok());
        let by = claim.run.principal.parse();
        let by = by.map_err(|_| StoreError::Damaged(format!("run {}: principal", claim.run.id)))?;
        let result = kept(result, by);
        let end = RunEnd { status, provider_status, result, error, at: now };
        let change = (RunStatus::Unknown, status);
        let event = executed(&self.environment, &claim.tenant, &claim.run, change)?;
        let is_ended =
            self.store.end_look(claim, LookEnd::Found(end.clone().into(), event.map(Box::new))).await?;
        Ok(is_ended.then(|| ended(claim.run.clone(), end)))
    }

    /// Asks the provider, if it is still the account that was called, and the file says the same of the action.
    async fn see(&self, claim: &LookClaim) -> Result<Seen, CallError> {
        let Ok(account) = self.catalog.account(&claim.run.provider) else { return Ok(Seen::Nothing) };
        let loaded = self.store.load(&claim.tenant, account.as_str()).await?;
        let account = loaded.as_ref().map_or(account.clone(), |loaded| account.stored(loaded.way()));
        let action = account.provider.action(&claim.run.action);
        let is_same =
            |action: &&Action| identity::definition(&account.provider, action)[..] == claim.definition[..];
        let action = action.filter(is_same);
        let Some((action, resolve)) = action.and_then(|action| Some((action, action.resolve.as_ref()?)))
        else {
            return Ok(Seen::Never);
        };
        let Some(loaded) = loaded.filter(|loaded| loaded.integration.status() == Status::Active) else {
            return Ok(Seen::Nothing);
        };
        let frozen = self.open_frozen(&claim.request)?;
        let Some(look) = &frozen.look else { return Ok(Seen::Never) };
        if loaded.connection != frozen.connection || loaded.integration.id != claim.request.integration {
            return Ok(Seen::Never);
        }
        let opened = match self.open(&account, loaded).await {
            Err(CallError::ReinstallRequired) => return Ok(Seen::Never),
            opened => opened?,
        };
        if !is_connection_of(claim, &opened) {
            return Ok(Seen::Never);
        }
        if let Some(seconds) = self.0.waits.left(claim.request.integration) {
            return Ok(Seen::Later(Duration::seconds(seconds.into())));
        }
        let (of, deadline) = ((action, frozen.input()), Instant::now() + TO_LOOK);
        let mut delivery = Delivery::new(self, claim.tenant, claim.id, opened, of, deadline);
        let Sent::Answer(answer) = delivery.read(&look.request).await else { return Ok(Seen::Nothing) };
        let provider = &account.provider;
        if answer.cut_off.is_some() || self.0.caller.is_limited(provider, &answer) {
            return Ok(Seen::Nothing);
        }
        let body = answer.body().json();
        let shown = resolved(action, resolve, look.wanted.as_deref(), answer.status, body.as_ref());
        let name = &provider.name;
        Ok(match shown {
            Some(Shown::Found(Outcome::Failed { message: None, .. })) => {
                let message = format!("{name} took the call and did not carry it out");
                Seen::End(failed(RunStatus::Failed, None, ErrorCode::ProviderRefused, message))
            }
            Some(Shown::Found(outcome)) => {
                Seen::End(of_outcome(outcome, answer.status, name, &delivery.secrets()))
            }
            Some(Shown::Absent) => {
                let message =
                    format!("The answer of {name} was lost, and nothing shows there; it was not done");
                Seen::Absent(failed(RunStatus::Failed, None, ErrorCode::ProviderUnavailable, message))
            }
            None => Seen::Nothing,
        })
    }
}

/// Whether an integration is still connected as it was when a run called. The same account is not enough: that of a new
/// connection may not be known, and then the last known one stays.
fn is_connection_of(claim: &LookClaim, opened: &Opened) -> bool {
    let now = opened.loaded.integration.account.as_ref().map(|account| &account.id);
    let is_account = claim.run.account_id.is_none() || now == claim.run.account_id.as_ref();
    is_account && opened.connected_at <= claim.run.created_at
}
