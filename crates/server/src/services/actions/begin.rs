//! Decides on a call, in the transaction that stores its run.

use std::collections::BTreeMap;

use integrations_core::{
    action::{
        Context, Decision, DeniedBy, Facts, Obstacle, Reason, RunStatus, Spending, Totals, decide,
        shown_input,
    },
    audit::{Acting, AuditAction, changes_of_run},
    catalog::{ActionKind, action::Action},
    error::ErrorCode,
    lifecycle::Status,
};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{
    Actions, Call, CallError, identity, look,
    ready::{Ready, ToSend},
};
use crate::{
    store::{Begun, Loaded, NewAuditEvent, NewRun, Reservation, RunFailure, RunRow, Start, TotalQuery},
    vault::Purpose,
};

/// How long a person may take to approve.
const APPROVAL_LIFE: Duration = Duration::hours(24);
/// When a run that is sent counts as abandoned: later than the longest sending ends.
const SENDING_LIFE: Duration = Duration::seconds(180);

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
        let of_window = |spent: &Spending| TotalQuery {
            total: spent.total.clone(),
            subject: spent.subject.clone(),
            currency: spent.currency.map(|currency| currency.code().to_owned()),
            since: now - Duration::seconds(spent.within.into()),
        };
        let queries: Vec<TotalQuery> = ready.spending.iter().map(of_window).collect();
        let decide = |loaded: &Loaded, totals: &[i64]| {
            if !is_expected(loaded) {
                return Err(CallError::Changed);
            }
            self.decide(call, action, ready, loaded, totals)
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
        let context = written(&ready.context);
        Ok(NewRun {
            id: call.run,
            provider: provider.clone(),
            action: action.key.clone(),
            kind: action.kind,
            definition: identity::definition(action),
            actor: call.by,
            request_id: call.request_id.clone(),
            context: (!context.is_empty()).then(|| Value::Object(context).to_string()),
            input: Value::Object(shown_input(&action.inputs, &ready.input)).to_string(),
            input_hash: identity::call(call.by, provider, action, &ready.input),
            evidence: Value::Object(ready.evidence.clone()).to_string(),
            sealed_request: frozen.map(|frozen| self.vault.seal(&frozen, purpose)),
            look_after: look::seconds_before(action).filter(|_| can_look),
            created_at: now,
        })
    }

    fn decide(
        &self,
        call: &Call,
        action: &Action,
        ready: &Ready,
        loaded: &Loaded,
        totals: &[i64],
    ) -> Result<Begun, CallError> {
        let Loaded { integration, .. } = loaded;
        let totals = ready.spending.iter().map(|spent| spent.guard).zip(totals.iter().copied()).collect();
        let facts = Facts {
            permission: integration.action_permissions.get(&action.key).copied().unwrap_or_default(),
            is_active: integration.status() == Status::Active,
            settings: &integration.settings,
            input: &ready.input,
            money: &ready.money,
            evidence: &ready.evidence,
            context: &ready.context,
            totals: &Totals(totals),
        };
        let decision = decide(action, &facts);
        if !facts.is_active {
            return Err(CallError::NotActive(integration.status()));
        }
        let now = self.environment.now();
        let (start, reasons) = match (decision, &ready.to_send) {
            (Decision::Deny(reasons), _) => (denied(&reasons), reasons),
            (_, None) => return Err(CallError::Changed),
            (Decision::Ask(reasons), _) => {
                let approval = self.environment.id();
                (Start::PendingApproval { approval, expires_at: now + APPROVAL_LIFE }, reasons)
            }
            (Decision::Allow, Some(ToSend { attempt, .. })) => {
                (Start::Sending { attempt: *attempt, until: now + SENDING_LIFE }, Vec::new())
            }
        };
        let is_denied = matches!(start, Start::Denied { .. });
        let records = is_denied && action.kind != ActionKind::ReadOnly;
        let event = records.then(|| {
            let action = AuditAction::IntegrationActionDenied;
            self.event(call, loaded, action, &ready.context, (None, RunStatus::Denied))
        });
        let reasons = (!reasons.is_empty()).then(|| serde_json::to_string(&reasons)).transpose();
        Ok(Begun {
            start,
            reasons: reasons.map_err(|error| CallError::Broken(error.to_string()))?,
            reservations: reservations(&ready.spending),
            // A refusal is not remembered: the same request may be permitted later.
            remembered: call.remembered.clone().filter(|_| !is_denied),
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

/// What a call says of itself, as JSON.
fn written(context: &Context) -> Map<String, Value> {
    match serde_json::to_value(context) {
        Ok(Value::Object(context)) => context,
        _ => Map::new(),
    }
}

/// The beginning of a run that is denied. The permission comes first, because without it no setting matters.
fn denied(reasons: &[Reason]) -> Start {
    let is_permission = |reason: &&Reason| reason.obstacle == Obstacle::Permission;
    let (by, code) = match reasons.iter().find(is_permission) {
        Some(_) => (DeniedBy::Permission, ErrorCode::ActionNotPermitted),
        None => (DeniedBy::Guard, ErrorCode::ActionLimitExceeded),
    };
    let deciding = reasons.iter().filter(|reason| is_permission(reason) == (by == DeniedBy::Permission));
    let words: Vec<&str> = deciding.map(|reason| reason.words.as_str()).collect();
    Start::Denied { by, error: RunFailure { code, message: words.join("; ") } }
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
