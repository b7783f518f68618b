//! The service for events that providers send: takes them at their addresses, and shows them.
//!
//! A request goes through the gate of its address (`gates.rs`), is verified by the core with what is stored at that
//! moment (`keys.rs`), and is stored before it is answered (`receive.rs`). From there the outbox of webhooks forwards
//! it. What is refused is counted (`refused.rs`).

mod address;
mod error;
mod former;
mod gates;
mod keys;
mod list;
mod receive;
mod refused;
mod retention;

use std::sync::Arc;

use integrations_core::catalog::Catalog;
use url::Url;

pub use self::{
    address::{AddressFor, AddressView, SecretState},
    error::EventsError,
    former::{MovedSecrets, former_secrets, move_former_secrets},
    gates::Room,
    receive::{Arrived, Door, Found, Reply},
    refused::RefusalsFlush,
    retention::ProviderEventRetention,
};
use self::{gates::Gates, refused::Counts};
use crate::{
    environment::Environment, metrics::Metrics, monitor::MonitorParts, provider::oauth_apps::OAuthApps,
    store::Store, vault::Vault,
};

/// The events that providers send. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ProviderEvents {
    store: Store,
    vault: Arc<Vault>,
    apps: Arc<OAuthApps>,
    catalog: Arc<Catalog>,
    environment: Environment,
    metrics: Metrics,
    gates: Arc<Gates>,
    counts: Arc<Counts>,
    /// What addresses begin with, without a slash at its end. Signatures may cover it.
    origin: Arc<str>,
}

impl ProviderEvents {
    /// The events at addresses below `public_url`.
    pub fn new(parts: &MonitorParts, public_url: &Url) -> Self {
        Self {
            store: parts.store.clone(),
            vault: Arc::clone(&parts.vault),
            apps: Arc::clone(&parts.apps),
            catalog: Arc::clone(&parts.catalog),
            environment: parts.environment.clone(),
            metrics: parts.metrics.clone(),
            gates: Arc::default(),
            counts: Arc::default(),
            origin: public_url.as_str().trim_end_matches('/').into(),
        }
    }

    /// The job that stores what was refused.
    pub fn refusals_flush(&self) -> RefusalsFlush {
        RefusalsFlush::new(self.store.clone(), Arc::clone(&self.counts))
    }
}
