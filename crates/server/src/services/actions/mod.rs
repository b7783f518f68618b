//! The service for actions: lists those of an integration, calls them, and shows the runs.
//!
//! `call` is one call from its body to its end. `readings` asks the provider for what must be known before, `begin`
//! has the core decide in the transaction that stores the run, and `ending` sends it and says what came of it. Every
//! request goes through a `delivery`, which renews the credential once. `frozen` is what is sealed with a run.
//! `secrets` keeps the credential out of all that comes back.
//!
//! Where an answer was lost, `look` asks the provider what came of the call, and `resolving` is the job that does so
//! later. What a person must approve waits, frozen. `approve` looks at everything again, and then sends it with the
//! same code as a call. `approvals` shows what waits, and `withdraw` takes it back. `notices` is the job that tells
//! people of it, where `notify` says that it can. `explain` says what would be decided of a call, and `replay` what
//! other rules would have made of those of the past.

mod approvals;
mod approve;
mod begin;
mod call;
mod delivery;
mod ending;
mod error;
mod explain;
mod frozen;
mod identity;
mod list;
mod look;
mod notices;
mod notify;
pub(super) mod opened;
mod readings;
mod ready;
mod replay;
mod resolving;
mod runs;
pub(super) mod secrets;
mod waits;
mod withdraw;

use std::{ops::Deref, sync::Arc};

use integrations_core::{catalog::Provider, ids::IntegrationId};
use tokio::sync::watch;

use self::waits::Waits;
pub use self::{
    approvals::{PolicyError, ShownPolicy},
    approve::{ApprovalError, Decision},
    call::{Call, Remember},
    error::CallError,
    explain::Explanation,
    list::Listed,
    notices::Notices,
    replay::{DecidedOtherwise, Replay},
    resolving::Looks,
};
use crate::{
    monitor::{Monitor, MonitorParts},
    provider::{action_caller::ActionCaller, outbound::Answer},
};

/// Calls the actions of integrations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Actions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Renews credentials that a provider refuses.
    monitor: Monitor,
    caller: ActionCaller,
    waits: Waits,
    /// Each call that is under way holds a receiver.
    calls: watch::Sender<()>,
}

/// Actions use what the monitor uses.
impl Deref for Actions {
    type Target = MonitorParts;

    fn deref(&self) -> &MonitorParts {
        &self.0.monitor
    }
}

impl Actions {
    /// The actions of what this monitor looks after.
    pub fn new(monitor: Monitor) -> Self {
        let caller = ActionCaller::new(monitor.outbound.clone(), monitor.environment.clone());
        let waits = Waits::new(monitor.environment.clone());
        Self(Arc::new(Inner { monitor, caller, waits, calls: watch::Sender::default() }))
    }

    /// Counts as a call that is under way while the value is held.
    pub(super) fn under_way(&self) -> watch::Receiver<()> {
        self.0.calls.subscribe()
    }

    /// Seconds until an integration may be called, if its provider asked for no calls.
    pub(super) fn wait_of(&self, integration: IntegrationId) -> Option<u32> {
        self.0.waits.left(integration)
    }

    /// Leaves an integration alone for as long as its provider asks in an answer.
    pub(super) fn note_wait(&self, provider: &Provider, integration: IntegrationId, answer: &Answer) {
        if let Some(wait) = self.0.caller.asked_to_wait(provider, answer) {
            self.0.waits.hold(integration, wait);
        }
    }

    /// Waits until every call that has begun has ended.
    pub async fn calls_ended(&self) {
        self.0.calls.closed().await;
    }
}
