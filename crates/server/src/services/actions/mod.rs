//! The service for actions: lists those of an integration, calls them, and shows the runs.
//!
//! `call` is one call from its body to its end. `readings` asks the provider for what must be known before, `begin`
//! has the core decide in the transaction that stores the run, and `ending` sends it and says what came of it. Every
//! request goes through a `delivery`, which renews the credential once. `frozen` is what is sealed with a run. `secrets`
//! keeps the credential out of all that comes back. Where an answer was lost, `look` asks the provider what came of the
//! call, and `resolving` is the job that does so later.

mod begin;
mod call;
mod delivery;
mod ending;
mod error;
mod frozen;
mod identity;
mod list;
mod look;
mod opened;
mod readings;
mod ready;
mod resolving;
mod runs;
mod secrets;
mod waits;

use std::{ops::Deref, sync::Arc};

use tokio::sync::watch;

use self::waits::Waits;
pub use self::{call::Call, error::CallError, list::Listed, resolving::Resolving, runs::RunPage};
use crate::{
    monitor::{Monitor, MonitorParts},
    provider::action_caller::ActionCaller,
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

    /// Waits until every call that has begun has ended.
    pub async fn calls_ended(&self) {
        self.0.calls.closed().await;
    }
}
