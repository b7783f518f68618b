//! Looks after what is installed: probes credentials, refreshes tokens, and records what is found.
//!
//! Every replica runs one [`Monitor`]. What is due is claimed by leases (`store::monitors`), so that any number of
//! replicas share the work, and take over what one that died has left. One integration at a time is looked after in
//! `attend`: refreshed where that is due, probed where that is; `conclude` gives the lease back with what was found.

mod attend;
mod check;
mod conclude;
mod limits;
mod release_queue;
mod renew;
mod subject;
mod work;

use std::{sync::Arc, time::Duration};

use integrations_core::catalog::Catalog;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::limits::Limits;
pub use self::{
    check::{CheckError, CheckReport},
    limits::MonitorSettings,
    work::DueWork,
};
use crate::{
    environment::Environment,
    metrics::Metrics,
    provider::{oauth_apps::OAuthApps, outbound::Outbound, prober::Prober},
    store::Store,
    vault::Vault,
};

/// How many refreshes may begin at the database at once.
const BEGINNINGS: usize = 2;
/// How much of what was found may be stored at once.
const ENDINGS: usize = 4;

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
    /// Turns at the database, so that however much is under way leaves most of its connections to requests: for what is to
    /// begin …
    beginnings: Semaphore,
    /// … and for what is to be stored, which waits for no beginning: what a provider has answered is lost with the process.
    endings: Semaphore,
    /// How long a claim lasts: longer than what is done under one takes.
    lease: Duration,
}

impl std::ops::Deref for Monitor {
    type Target = MonitorParts;

    fn deref(&self) -> &MonitorParts {
        &self.0.parts
    }
}

impl Monitor {
    /// A monitor of these parts.
    pub fn new(parts: MonitorParts, settings: MonitorSettings) -> Self {
        let prober = Prober::new(parts.outbound.clone(), parts.environment.clone());
        let limits = Limits::new(&settings, &parts.catalog);
        // A probe and a refresh, and some time for the database. Where a second probe takes longer than that too, somebody
        // else probes as well, which does no harm.
        let lease = parts.outbound.timeout() * 2 + Duration::from_secs(5);
        let (beginnings, endings) = (Semaphore::new(BEGINNINGS), Semaphore::new(ENDINGS));
        Self(Arc::new(Inner { parts, prober, limits, settings, beginnings, endings, lease }))
    }

    /// Waits for a turn at the database to begin something. It is over when what is returned is dropped.
    async fn turn_to_begin(&self) -> Option<SemaphorePermit<'_>> {
        self.0.beginnings.acquire().await.ok()
    }

    /// Waits for a turn at the database to store something.
    async fn turn_to_store(&self) -> Option<SemaphorePermit<'_>> {
        self.0.endings.acquire().await.ok()
    }
}
