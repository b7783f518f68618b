//! Revokes the access of disconnected integrations at their providers.
//!
//! The disconnection moves the credential into a revocation (`disconnect`). An attempt (`attempt`) sends what the
//! provider's file says, and then shows the credential to the provider (`proof`): only its refusal counts, whatever the
//! provider answered before. The request of the disconnection makes the first attempt, and every replica those that are
//! due (`work`).

mod attempt;
mod disconnect;
mod everything;
mod proof;
mod sharing;
mod subject;
mod work;

use std::{ops::Deref, sync::Arc};

pub use self::{
    everything::{Everything, Progress},
    sharing::SharedWith,
};
use crate::{
    monitor::{Monitor, MonitorParts},
    provider::prober::Prober,
    services::integrations::Integrations,
};

/// Revokes the access of disconnected integrations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Revocations(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    monitor: Monitor,
    prober: Prober,
    integrations: Integrations,
}

impl Deref for Revocations {
    type Target = MonitorParts;

    fn deref(&self) -> &MonitorParts {
        &self.0.monitor
    }
}

impl Revocations {
    /// Revocations of these integrations, with the parts of their monitor.
    pub fn new(monitor: Monitor, integrations: Integrations) -> Self {
        let prober = Prober::new(monitor.outbound.clone(), monitor.environment.clone());
        Self(Arc::new(Inner { monitor, prober, integrations }))
    }
}
