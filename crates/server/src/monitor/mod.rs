//! Looks after what is installed: probes credentials, refreshes tokens, and records what is found.
//!
//! Every replica runs one [`Monitor`]. What is due is claimed by leases (`store::monitors`), so that any number of
//! replicas share the work, and take over what one that died has left. One integration at a time is looked after in
//! `attend`: refreshed where that is due, probed where that is; `conclude` gives the lease back with what was found.

mod attend;
mod check;
mod conclude;
mod limits;
mod probe;
mod recorder;
mod renew;
mod work;

use std::{sync::Arc, time::Duration};

use integrations_core::catalog::Catalog;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::limits::Limits;
pub use self::{
    check::{CheckError, Fresh},
    limits::MonitorSettings,
    probe::{Checked, Findings, Prober},
};
use crate::{
    environment::Environment,
    install::{OAuthApps, vault::Vault},
    metrics::Metrics,
    outbound::Outbound,
    store::Store,
};

/// How many of what is under way may be at the database at once.
const TURNS: usize = 4;

/// What a monitor works with.
#[derive(Debug)]
pub struct MonitorParts {
    /// The database.
    pub store: Store,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Opens credentials, and seals new ones.
    pub vault: Arc<Vault>,
    /// Client ids and secrets.
    pub apps: Arc<OAuthApps>,
    /// Sends requests to providers.
    pub outbound: Outbound,
    /// Clock and randomness.
    pub environment: Environment,
    /// Counts what is done.
    pub metrics: Metrics,
}

/// Looks after integrations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Monitor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: MonitorParts,
    prober: Prober,
    limits: Limits,
    settings: MonitorSettings,
    /// Turns at the database, so that however much is under way leaves most of its connections to requests.
    turns: Semaphore,
    /// How long a claim lasts: longer than all that is done under one can take.
    lease: Duration,
}

impl std::ops::Deref for Monitor {
    type Target = MonitorParts;

    fn deref(&self) -> &MonitorParts {
        &self.0.parts
    }
}

impl Monitor {
    /// Waits for a turn at the database. It is over when what is returned is dropped.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.turns.acquire().await.ok()
    }

    /// A monitor of these parts.
    pub fn new(parts: MonitorParts, settings: MonitorSettings) -> Self {
        let prober = Prober::new(parts.outbound.clone(), parts.environment.clone());
        let limits = Limits::new(&settings, parts.catalog.iter().map(|provider| provider.key.to_string()));
        // A probe, a refresh and a second probe, and some time for the database.
        let lease = parts.outbound.timeout() * 3 + Duration::from_secs(5);
        let turns = Semaphore::new(TURNS);
        Self(Arc::new(Inner { parts, prober, limits, settings, turns, lease }))
    }
}
