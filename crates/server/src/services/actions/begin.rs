//! Decides on a call, in the transaction that stores its run.

use std::collections::BTreeMap;

use integrations_core::{
    action::{
        Caller, Context, Decision, DeniedBy, Facts, Money, Obstacle, Reason, RunStatus, Spending, Totals,
        decide, shown_input,
    },
    audit::{Acting, AuditAction, changes_of_run},
    catalog::{ActionKind, action::Action},
    error::ErrorCode,
    ids::RunId,
    lifecycle::Status,
    permissions::Permission,
};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{
    Actions, Call, CallError, identity, look,
    opened::check_active,
    ready::{Ready, ToSend},
};
use crate::{
    store::{
        Begun, EarlierCalls, Loaded, NewAuditEvent, NewRun, Reservation, RunFailure, RunRow, Start, Total,
        TotalQuery,
    },
    vault::Purpose,
};

/// How many runs that wait for a person are named in a refusal.
const NAMED: usize = 5;
/// When a run that is sent counts as abandoned: later than the longest sending ends.
pub(super) const SENDING_LIFE: Duration = Duration::seconds(180);

impl Actions {
    /// Stores the run of a call, as the core decides on it with the integration and the totals of this moment.
    /// `expected` is the integration that the call was made ready for.
    pub(super) async fn begin(
        &self,
        call: &Call,
        action: &Action,
        ready: &Ready,
        expected: &Loaded,
        is_expected: impl Fn(&Loaded) -> bool + Send + Sync,
    ) -> Result<RunRow, CallError> {
        let now = self.environment.now();
        let new = self.new_run(call, action, ready, expected, now)?;
        let queries = totals_of(ready, now);
        let decide = |loaded: &Loaded, earlier: EarlierCalls| {
            if !is_expected(loaded) {
                return Err(CallError::Changed);
            }
            self.decide(call, action, ready, loaded, earlier)
        };
        let begun = self.store.begin_run(&call.tenant, new, &queries, decide).await;
        begun.map_err(|error| CallError::unbegun(error, call.account.label()))
    }

    fn new_run(
        &self,
        call: &Call,
        action: &Action,
        ready: &Ready,
        expected: &Loaded,
        now: OffsetDateTime,
    ) -> Result<NewRun, CallError> {
        let provider = &call.account.reference;
        let purpose = Purpose::ActionRequest {
            run: call.run,
            project: call.tenant.project,
            integration: expected.integration.id,
            provider: provider.as_str(),
            action: &action.key,
        };
        let can_look = ready.to_send.as_ref().is_some_and(|to_send| to_send.frozen.look.is_some());
        let frozen = ready.to_send.as_ref().map(|to_send| serde_json::to_vec(&to_send.frozen)).transpose();
        let frozen = frozen.map_err(|error| CallError::Broken(error.to_string()))?;
        let account = call.account.stored(expected.way());
        let context = written(&ready.context);
        // What the server sends is in the words of whoever asked, and their approval shows it to those who may see it.
        let shown = match call.by {
            Caller::Principal(_) => shown_input(&action.inputs, &ready.input),
            Caller::Server => Map::new(),
        };
        Ok(NewRun {
            id: call.run,
            provider: provider.clone(),
            action: action.key.clone(),
            kind: action.kind,
            definition: identity::definition(&account.provider, action),
            actor: call.by,
            request_id: call.request_id.clone(),
            context: (!context.is_empty()).then(|| Value::Object(context).to_string()),
            input: Value::Object(shown).to_string(),
            input_hash: identity::call(call.by, provider, action, &ready.asked),
            evidence: Value::Object(ready.evidence.clone()).to_string(),
            sealed_request: frozen.map(|frozen| self.vault.seal(&frozen, purpose)),
            look_after: look::seconds_before(action).filter(|_| can_look),
            created_at: now,
            // What is denied does not stand for an earlier call, of a time when it was not.
            repeats_since: ready.to_send.as_ref().and_then(|_| self.repeats_since(call, action)),
        })
    }

    fn decide(
        &self,
        call: &Call,
        action: &Action,
        ready: &Ready,
        loaded: &Loaded,
        earlier: EarlierCalls,
    ) -> Result<Begun, CallError> {
        check_active(loaded)?;
        let EarlierCalls { totals, same } = earlier;
        let remembered = |run: RunId| call.remembered.as_ref().map(|remember| remember.run(run)).transpose();
        let same = same.filter(|same| stands_for(same, action, loaded));
        let now = self.environment.now();
        let (start, reasons) = match same {
            Some(waiting) if waiting.status == RunStatus::PendingApproval.as_str() => {
                let run = waiting.id.parse().map_err(|_| CallError::Broken("the id of a run".to_owned()))?;
                let remembered = remembered(run)?;
                let (start, reservations) = (Start::Waiting(Box::new(waiting)), Vec::new());
                return Ok(Begun { start, reasons: None, reservations, remembered, event: None });
            }
            Some(denied) => (denied_before(denied), Vec::new()),
            None => match (decided(call, action, ready, loaded, &totals), &ready.to_send) {
                (Decision::Deny(reasons), _) => (Start::from(denied(&reasons, ready, &totals)), reasons),
                (_, None) => return Err(CallError::Changed),
                (Decision::Ask(reasons), _) => {
                    (Start::PendingApproval { approval: self.environment.id() }, reasons)
                }
                (Decision::Allow, Some(ToSend { attempt, .. })) => {
                    (Start::Sending { attempt: *attempt, until: now + SENDING_LIFE }, Vec::new())
                }
            },
        };
        let is_denied = matches!(start, Start::Denied { .. });
        let records = is_denied && action.kind != ActionKind::ReadOnly;
        let event = records.then(|| {
            let action = AuditAction::IntegrationActionDenied;
            self.event(call, loaded, action, &ready.context, (None, RunStatus::Denied))
        });
        Ok(Begun {
            start,
            reasons: (!reasons.is_empty()).then(|| written_reasons(&reasons)).transpose()?,
            reservations: reservations(&ready.spending),
            // A refusal is not remembered: the same request may be permitted later.
            remembered: if is_denied { None } else { remembered(call.run)? },
            event,
        })
    }

    /// An event about a call.
    pub(super) fn event(
        &self,
        call: &Call,
        loaded: &Loaded,
        action: AuditAction,
        context: &Context,
        (from, to): (Option<RunStatus>, RunStatus),
    ) -> NewAuditEvent {
        let acting = Acting { actor: call.by.into(), request_id: call.request_id.clone() };
        let provider = call.account.as_str().to_owned();
        NewAuditEvent {
            project: Some(call.tenant.project),
            integration: Some((loaded.integration.id, provider)),
            changes: changes_of_run(call.run, &call.action, from, to, &written(context)),
            ..NewAuditEvent::new(&self.environment, call.tenant.organization, action, acting)
        }
    }
}

/// Whether the same call still stands for a new one: it was of this account, and its action is permitted.
pub(super) fn stands_for(same: &RunRow, action: &Action, loaded: &Loaded) -> bool {
    let Loaded { integration, .. } = loaded;
    let account = integration.account.as_ref().map(|account| account.id.as_str());
    let permission = integration.action_permissions.get(&action.key).copied().unwrap_or_default();
    same.account_id.as_deref() == account && permission != Permission::Off
}

/// The totals that a call's guards look at, for windows that end now.
pub(super) fn totals_of(ready: &Ready, now: OffsetDateTime) -> Vec<TotalQuery> {
    let of_window = |spent: &Spending| TotalQuery {
        total: spent.total.clone(),
        subject: spent.subject.clone(),
        currency: spent.currency.map(|currency| currency.code().to_owned()),
        since: now - Duration::seconds(spent.within.into()),
    };
    ready.spending.iter().map(of_window).collect()
}

/// What the core decides on a call, with the totals of [`totals_of`].
pub(super) fn decision(action: &Action, ready: &Ready, loaded: &Loaded, totals: &[Total]) -> Decision {
    judged(action, ready, loaded, totals, |facts| decide(action, facts))
}

/// The decision on a call. The server calls only what a person has permitted by a setting.
fn decided(call: &Call, action: &Action, ready: &Ready, loaded: &Loaded, totals: &[Total]) -> Decision {
    let decision = decision(action, ready, loaded, totals);
    match call.by {
        Caller::Principal(_) => decision,
        Caller::Server => decision.permitted_by_setting(),
    }
}

/// What is made of all that a decision on a call looks at, with the totals of [`totals_of`].
pub(super) fn judged<T>(
    action: &Action,
    ready: &Ready,
    loaded: &Loaded,
    totals: &[Total],
    judge: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let Loaded { integration, .. } = loaded;
    let reserved = totals.iter().map(|total| total.reserved);
    let totals = ready.spending.iter().map(|spent| spent.guard).zip(reserved).collect();
    judge(&Facts {
        permission: integration.action_permissions.get(&action.key).copied().unwrap_or_default(),
        is_active: integration.status() == Status::Active,
        settings: &integration.settings,
        input: &ready.input,
        money: &ready.money,
        evidence: &ready.evidence,
        context: &ready.context,
        totals: &Totals(totals),
    })
}

/// Reasons as a run has them.
pub(super) fn written_reasons(reasons: &[Reason]) -> Result<String, CallError> {
    serde_json::to_string(reasons).map_err(|error| CallError::Broken(error.to_string()))
}

/// What a call says of itself, as JSON.
pub(super) fn written(context: &Context) -> Map<String, Value> {
    match serde_json::to_value(context) {
        Ok(Value::Object(context)) => context,
        _ => Map::new(),
    }
}

/// What denies a call, and what its caller is told.
pub(super) struct Denial {
    pub(super) by: DeniedBy,
    pub(super) error: RunFailure,
}

impl From<Denial> for Start {
    fn from(Denial { by, error }: Denial) -> Self {
        Self::Denied { by, error }
    }
}

/// Why a call is denied. The permission comes first, because without it no setting matters.
pub(super) fn denied(reasons: &[Reason], ready: &Ready, totals: &[Total]) -> Denial {
    let is_permission = |reason: &&Reason| reason.obstacle == Obstacle::Permission;
    let (by, code) = match reasons.iter().find(is_permission) {
        Some(_) => (DeniedBy::Permission, ErrorCode::ActionNotPermitted),
        None => (DeniedBy::Guard, ErrorCode::ActionLimitExceeded),
    };
    let deciding = reasons.iter().filter(|reason| is_permission(reason) == (by == DeniedBy::Permission));
    let words: Vec<String> = deciding
        .map(|reason| match only_waiting(reason.obstacle, ready, totals) {
            Some(waiting) => format!("{}. {waiting}", reason.words),
            None => reason.words.clone(),
        })
        .collect();
    Denial { by, error: RunFailure { code, message: words.join("; ") } }
}

/// What of a limit is only reserved by runs that wait for a person, and which they are. `None`: nothing.
pub(super) fn only_waiting(of: Obstacle, ready: &Ready, totals: &[Total]) -> Option<String> {
    let Obstacle::Guard(guard) = of else { return None };
    let mut of_guards = ready.spending.iter().zip(totals);
    let (spent, total) = of_guards.find(|(spent, _)| spent.guard == guard)?;
    if total.waiting.is_empty() {
        return None;
    }
    let amount = total.waiting.iter().fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
    let amount = match spent.currency {
        Some(currency) => Money::new(amount, currency)?.to_string(),
        None => amount.to_string(),
    };
    let named: Vec<&str> = total.waiting.iter().take(NAMED).map(|(run, _)| run.as_str()).collect();
    let more = match total.waiting.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{amount} of it is only reserved by what waits for a person: {}{more}", named.join(", ")))
}

/// A person denied the same call a short time ago.
fn denied_before(run: RunRow) -> Start {
    let message = run.error_message.unwrap_or_else(|| "A person denied it".to_owned());
    Start::Denied { by: DeniedBy::Person, error: RunFailure { code: ErrorCode::ActionNotPermitted, message } }
}

/// What a run counts from now on, once towards each total.
fn reservations(spending: &[Spending]) -> Vec<Reservation> {
    let by_total: BTreeMap<&str, &Spending> =
        spending.iter().map(|spent| (spent.total.as_str(), spent)).collect();
    let reserved = by_total.into_values().map(|spent| Reservation {
        total: spent.total.clone(),
        subject: spent.subject.clone(),
        currency: spent.currency.map(|currency| currency.code().to_owned()),
        amount: spent.amount,
    });
    reserved.collect()
}
