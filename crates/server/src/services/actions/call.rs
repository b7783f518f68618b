//! Calls an action.

use std::{fmt, sync::Arc, time::Duration};

use integrations_core::{
    action::{Asked, Caller, Known, Look, RunStatus, amounts, read_call, render, spending},
    audit::AuditAction,
    catalog::{ActionKind, ProviderAccount, action::Action},
    ids::RunId,
    permissions::Permission,
};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    Actions, CallError,
    delivery::Delivery,
    ending::Ending,
    frozen::Frozen,
    identity,
    opened::check_active,
    readings::{Readings, unwritten},
    ready::{Ready, ToSend},
};
use crate::{
    jobs::{Backoff, retry_until},
    store::{Loaded, RememberedAnswer, RunEnd, RunRow, StoreError, Tenant},
};

/// How long may be asked for what must be known before a call is decided on. The caller waits meanwhile.
pub(super) const TO_PREPARE: Duration = Duration::from_secs(20);
/// How long may be sent and waited for an answer. It is shorter than a run counts as being sent.
const TO_SEND: Duration = Duration::from_secs(100);
/// How long is tried to store the end of a run. Afterwards it becomes `unknown`.
const TO_STORE: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// A call of an action.
#[derive(Clone, Debug)]
pub struct Call {
    /// The id of the run that it becomes.
    pub run: RunId,
    /// The project, with its organization.
    pub tenant: Tenant,
    /// The integration.
    pub account: ProviderAccount,
    /// The action's key.
    pub action: String,
    /// The body: `{"input": {…}, "context": {…}}`.
    pub body: Vec<u8>,
    /// Who calls.
    pub by: Caller,
    /// The request that asks for it.
    pub request_id: Option<String>,
    /// Makes the answer to be remembered with the run, if the request has an `Idempotency-Key`.
    pub remembered: Option<Remember>,
    /// How long the same call by the same caller, which may have been done, stands for this one if it writes: then that
    /// run is returned, and nothing is sent. `None`: each call counts.
    pub repeats_within: Option<time::Duration>,
}

/// Makes the answer to a request with an `Idempotency-Key`: a run, as it will be when the request is repeated. Which
/// one is known only when it is decided on, because the same call may wait for a person already.
#[derive(Clone)]
pub struct Remember(Arc<MakeAnswer>);

type MakeAnswer = dyn Fn(RunId) -> Result<RememberedAnswer, StoreError> + Send + Sync;

impl Remember {
    /// Makes answers by this.
    pub fn new(make: impl Fn(RunId) -> Result<RememberedAnswer, StoreError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// The answer that is this run.
    pub(super) fn run(&self, id: RunId) -> Result<RememberedAnswer, StoreError> {
        (self.0)(id)
    }
}

impl fmt::Debug for Remember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remember")
    }
}

impl Call {
    /// The action that is called.
    pub(super) fn action(&self) -> Result<&Action, CallError> {
        let provider = &self.account.provider;
        let action = provider.action(&self.action);
        action.ok_or_else(|| CallError::NoSuchAction { provider: provider.name.clone() })
    }
}

/// A body that was read.
pub(super) enum Read {
    /// The call may go on.
    Asked(Asked),
    /// Its permission denies it, whatever the provider would say.
    Denied(Asked),
}

impl Actions {
    /// Calls an action, and returns the run as it is when it has ended, or waits for a person, or when `patience` is
    /// over. It goes on to its end if the caller is gone. A run with another id is the one that the call repeats.
    pub async fn call(&self, call: Call, patience: Duration) -> Result<RunRow, CallError> {
        let (run, tenant) = (call.run, call.tenant);
        let (actions, under_way) = (self.clone(), self.0.calls.subscribe());
        let calling = async move {
            let _under_way = under_way;
            actions.call_to_the_end(&call).await
        };
        let task = tokio::spawn(calling.in_current_span());
        match tokio::time::timeout(patience, task).await {
            Ok(ended) => ended.map_err(|error| CallError::Broken(error.to_string()))?,
            Err(_) => self.store.run(&tenant, run).await?.ok_or(CallError::Unfinished),
        }
    }

    async fn call_to_the_end(&self, call: &Call) -> Result<RunRow, CallError> {
        let began = Instant::now();
        let (loaded, usable) = self.installed_to_use(&call.tenant, &call.account).await?;
        let (provider, action) = (&call.account.provider, call.action()?);
        check_active(&loaded)?;
        let row = match self.read(action, &loaded, call)? {
            Read::Denied(Asked { input, context }) => {
                let asked = input.clone();
                let ready = Ready { input, asked, context, ..Ready::default() };
                self.begin(call, action, &ready, &loaded, |_| true).await?
            }
            Read::Asked(asked) => {
                if let Some(first) = self.first_of(call, action, &loaded, &asked).await? {
                    return Ok(first);
                }
                let deadline = began + TO_PREPARE;
                let opened = self.open_with(&call.account, loaded, usable)?;
                let of = (action, &asked.input);
                let mut delivery = Delivery::new(self, call.tenant, call.run, opened, of, deadline);
                let ready = delivery.make_ready(call, action, asked).await?;
                let opened = &delivery.opened;
                let is_expected = |loaded: &Loaded| opened.is_connected_as(loaded);
                let row = self.begin(call, action, &ready, &opened.loaded, is_expected).await?;
                self.send(call, action, ready, delivery, row).await?
            }
        };
        if let Ok(status) = row.status.parse() {
            self.metrics.action_call(provider.key.as_str(), &action.key, status, began.elapsed());
        }
        Ok(row)
    }

    /// Reads the body. What its permission denies goes no further. What the provider asked not to be called for fails.
    pub(super) fn read(&self, action: &Action, loaded: &Loaded, call: &Call) -> Result<Read, CallError> {
        let integration = &loaded.integration;
        let asked = read_call(action, &integration.settings, &call.body)?;
        let permission = integration.action_permissions.get(&action.key).copied().unwrap_or_default();
        if permission == Permission::Off {
            return Ok(Read::Denied(asked));
        }
        match self.0.waits.left(integration.id) {
            Some(seconds) => {
                Err(CallError::Limited { provider: call.account.provider.name.clone(), seconds })
            }
            None => Ok(Read::Asked(asked)),
        }
    }

    /// The run of the same call, if this one repeats it. The transaction that stores the run looks once more; here the
    /// provider is spared the questions, whose answers may be others now.
    async fn first_of(
        &self,
        call: &Call,
        action: &Action,
        loaded: &Loaded,
        asked: &Asked,
    ) -> Result<Option<RunRow>, CallError> {
        let Some(since) = self.repeats_since(call, action) else { return Ok(None) };
        let hash = identity::call(call.by, &call.account.reference, action, &asked.input);
        Ok(self.store.repeated_run(&call.tenant, &loaded.integration, hash, since).await?)
    }

    /// Since when the same call stands for this one.
    pub(super) fn repeats_since(&self, call: &Call, action: &Action) -> Option<OffsetDateTime> {
        let within = call.repeats_within.filter(|_| action.kind != ActionKind::ReadOnly)?;
        Some(self.environment.now() - within)
    }

    /// Sends the request of a run that is to be sent now, and stores its end.
    pub(super) async fn send(
        &self,
        call: &Call,
        action: &Action,
        ready: Ready,
        delivery: Delivery,
        row: RunRow,
    ) -> Result<RunRow, CallError> {
        let Some(ToSend { frozen, attempt }) = &ready.to_send else { return Ok(row) };
        if row.status != RunStatus::Sending.as_str() || row.id != call.run.to_string() {
            return Ok(row);
        }
        let deadline = Instant::now() + TO_SEND;
        let mut delivery = delivery.until(deadline);
        let Ending { status, provider_status, result, error } =
            delivery.perform(action, &frozen.request).await;
        let at = self.environment.now();
        let result = kept(result, call.by);
        let end = RunEnd { status, provider_status, result, error, at };
        let event = (action.kind != ActionKind::ReadOnly).then(|| {
            let (loaded, change) = (&delivery.opened.loaded, (Some(RunStatus::Sending), status));
            self.event(call, loaded, AuditAction::IntegrationActionExecuted, &ready.context, change)
        });
        let store = || self.store.finish_run(call.run, *attempt, end.clone(), event.clone());
        let backoff = Backoff::new(FIRST_PAUSE, LAST_PAUSE);
        if let Err(error) = retry_until(Instant::now() + TO_STORE, backoff, store).await {
            tracing::error!(run = %call.run, %status, %error, "the end of a run could not be stored");
        }
        let run = ended(row, end);
        if status == RunStatus::Unknown && frozen.look.is_some() {
            match self.look_soon(&run, action, at, deadline).await {
                Ok(looked) => return Ok(looked.unwrap_or(run)),
                Err(error) => {
                    tracing::warn!(run = %call.run, %error, "what came of a call could not be stored")
                }
            }
        }
        Ok(run)
    }
}

/// What is kept of a result. Nobody called for the server's own runs, so nobody who may read runs is shown what the
/// provider repeats of a message.
pub(super) fn kept(result: Option<Value>, by: Caller) -> Option<String> {
    result.filter(|_| by != Caller::Server).map(|result| result.to_string())
}

/// The run with its end. It is known even if it could not be stored.
pub(super) fn ended(row: RunRow, end: RunEnd) -> RunRow {
    let (code, message) = end.error.map(|error| (error.code.as_str().to_owned(), error.message)).unzip();
    RunRow {
        status: end.status.as_str().to_owned(),
        provider_status: end.provider_status.map(i32::from),
        result: end.result,
        error_code: code,
        error_message: message,
        finished_at: Some(end.at),
        ..row
    }
}

impl Delivery {
    /// Reads what must be known before, works out the amounts, and writes the request.
    pub(super) async fn make_ready(
        &mut self,
        call: &Call,
        action: &Action,
        asked: Asked,
    ) -> Result<Ready, CallError> {
        let Asked { mut input, context } = asked;
        let asked = input.clone();
        let Readings { evidence, steps } = self.readings(action, &input).await?;
        let money = amounts(action, &mut input, &evidence, &steps).map_err(CallError::Input)?;
        let run = self.run.to_string();
        let frozen = {
            let stored = |name: &str| self.opened.stored(name);
            let (inputs, evidence, steps) = (&action.inputs, &evidence, &steps);
            let known = Known { inputs, input: &input, stored: &stored, evidence, steps, run: &run };
            let request = render(&action.request, &known).map_err(|problem| unwritten(action, &problem))?;
            let (look, connection) = (Look::of(action, &known), self.opened.loaded.connection.clone());
            Frozen::new(request, &input, &money, look, connection)
        };
        let spending = spending(action, &input, &money, &call.by.to_string());
        let to_send = Some(ToSend { frozen, attempt: self.actions.environment.id() });
        Ok(Ready { input, asked, context, money, evidence, spending, to_send })
    }
}
