//! Says what would be decided of a call, and why.

use integrations_core::{
    action::{
        Asked, Check, Decided, Explained, RunStatus, amounts, explain, read_call, shown_input, spending,
        strictest,
    },
    catalog::action::Action,
    lifecycle::Status,
};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    Actions, Call, CallError,
    begin::{judged, only_waiting, stands_for, totals_of},
    call::{Read, TO_PREPARE},
    delivery::Delivery,
    identity,
    ready::Ready,
};
use crate::store::{EarlierCalls, Loaded, RunRow};

/// What would be decided of a call.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What would be decided.
    pub decided: Decided,
    /// Why, in words for people. Empty if it would be allowed.
    pub reasons: Vec<String>,
    /// `run_…`: the same call, if it decides this one.
    pub same_run: Option<String>,
    /// Everything that the decision looks at.
    pub checks: Vec<Check>,
    /// Whether the provider was asked what must be known. It is not if the call is denied before.
    pub was_asked: bool,
    /// The input, with defaults and amounts, and sensitive values redacted.
    pub input: Map<String, Value>,
    /// What the provider said.
    pub evidence: Map<String, Value>,
}

impl Actions {
    /// Says what would be decided of a call now. The provider is asked what it is asked for a call, and nothing else is
    /// sent. Nothing is stored and nothing reserved.
    pub async fn explain(&self, call: Call) -> Result<Explanation, CallError> {
        // A credential that is renewed meanwhile must be stored even if the client is gone.
        let (actions, under_way) = (self.clone(), self.under_way());
        let explaining = async move {
            let _under_way = under_way;
            actions.explain_now(&call).await
        };
        let explained = tokio::spawn(explaining.in_current_span()).await;
        explained.map_err(|error| CallError::Broken(error.to_string()))?
    }

    async fn explain_now(&self, call: &Call) -> Result<Explanation, CallError> {
        let deadline = Instant::now() + TO_PREPARE;
        let (loaded, usable) = self.installed_to_use(&call.tenant, &call.account).await?;
        let action = call.action()?;
        let read = if loaded.integration.status() == Status::Active {
            self.read(action, &loaded, call)?
        } else {
            Read::Denied(read_call(action, &loaded.integration.settings, &call.body)?)
        };
        let (ready, loaded) = match read {
            Read::Denied(asked) => (unasked(call, action, asked), loaded),
            Read::Asked(asked) => {
                let opened = self.open_with(&call.account, loaded, usable)?;
                let of = (action, &asked.input);
                let mut delivery = Delivery::new(self, call.tenant, call.run, opened, of, deadline);
                let ready = delivery.make_ready(call, action, asked).await?;
                (ready, delivery.opened.loaded)
            }
        };
        self.explained(call, action, ready, &loaded).await
    }

    async fn explained(
        &self,
        call: &Call,
        action: &Action,
        ready: Ready,
        loaded: &Loaded,
    ) -> Result<Explanation, CallError> {
        let now = self.environment.now();
        let hash = identity::call(call.by, &call.account.reference, action, &ready.asked);
        let (integration, queries) = (loaded.integration.id, totals_of(&ready, now));
        let earlier =
            self.store.earlier_calls(integration, &action.key, call.run, &queries, (hash, now)).await?;
        let EarlierCalls { totals, same } = earlier;
        let was_asked = ready.to_send.is_some();
        let (provider, status) = (&call.account.provider, loaded.integration.status());
        let explained = Explained { provider, status, was_asked };
        let checks = judged(action, &ready, loaded, &totals, |facts| explain(action, facts, explained));
        let with_waiting = |check: Check| {
            let waiting = only_waiting(check.of, &ready, &totals);
            let why = check.why.map(|why| match waiting {
                Some(waiting) => format!("{why}. {waiting}"),
                None => why,
            });
            Check { why, ..check }
        };
        let checks: Vec<Check> = checks.into_iter().map(with_waiting).collect();
        let same = same.filter(|same| was_asked && stands_for(same, action, loaded));
        let (decided, reasons) = same.as_ref().map_or_else(|| strictest(&checks), by_same);
        Ok(Explanation {
            decided,
            reasons,
            same_run: same.map(|same| same.id),
            checks,
            was_asked,
            input: shown_input(&action.inputs, &ready.input),
            evidence: ready.evidence,
        })
    }
}

/// A call that is denied whatever the provider would say, with the amounts that are known without it.
fn unasked(call: &Call, action: &Action, asked: Asked) -> Ready {
    let Asked { input: asked, context } = asked;
    let (mut input, nothing) = (asked.clone(), Map::new());
    let money = amounts(action, &mut input, &nothing, &nothing).unwrap_or_default();
    let spending = spending(action, &input, &money, &call.by.to_string());
    Ready { input, asked, context, money, spending, ..Ready::default() }
}

/// What the same call decides: it waits for a person, or was denied by one a short time ago.
fn by_same(same: &RunRow) -> (Decided, Vec<String>) {
    if same.status == RunStatus::PendingApproval.as_str() {
        let words = format!("A person is asked about the same call already, in {}", same.id);
        return (Decided::Ask, vec![words]);
    }
    let words = same.error_message.clone().unwrap_or_else(|| "A person denied it".to_owned());
    (Decided::Deny, vec![words])
}
