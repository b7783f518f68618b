//! Monitors integrations: probes credentials, refreshes tokens, and records the results.
//!
//! Every replica runs one [`Monitor`]. Due integrations are claimed under leases (`store::monitors`), so any number of
//! replicas share the work and take over from a replica that stopped. `attend` monitors one integration: it refreshes
//! and probes it if that is due. `conclude` gives the lease back with the result.

mod attend;
mod check;
mod conclude;
mod limits;
mod not_asked;
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
    not_asked::NotAsked,
    work::DueWork,
};
use crate::{
    environment::Environment,
    metrics::Metrics,
    provider::{oauth_apps::OAuthApps, outbound::Outbound, prober::Prober},
    store::Store,
    vault::Vault,
};

/// How many refreshes may use the database to begin at the same time.
const BEGINNINGS: usize = 2;
/// How many results may be stored at the same time.
const ENDINGS: usize = 4;

/// What a monitor uses.
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
    /// Counts probes and refreshes.
    pub metrics: Metrics,
}

/// Monitors integrations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Monitor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: MonitorParts,
    prober: Prober,
    limits: Limits,
    settings: MonitorSettings,
    /// Limits the use of the database by refreshes that begin, so that most connections stay free for requests.
    beginnings: Semaphore,
    /// The same for results to be stored. It is separate, because results must not wait for refreshes that begin: a
    /// provider's answer is lost if the process stops.
    endings: Semaphore,
    /// How long a lease lasts. It is longer than the work under it.
    lease: Duration,
}

impl std::ops::Deref for Monitor {
    type Target = MonitorParts;

    fn deref(&self) -> &MonitorParts {
        &self.0.parts
    }
}

impl Monitor {
    /// A monitor that uses these parts.
    pub fn new(parts: MonitorParts, settings: MonitorSettings) -> Self {
        let prober = Prober::new(parts.outbound.clone(), parts.environment.clone());
        let limits = Limits::new(&settings, &parts.catalog);
        // Enough for a probe, a refresh and the database. If a second probe takes longer, another replica probes as
        // well, which does no harm.
        let lease = parts.outbound.timeout() * 2 + Duration::from_secs(5);
        let (beginnings, endings) = (Semaphore::new(BEGINNINGS), Semaphore::new(ENDINGS));
        Self(Arc::new(Inner { parts, prober, limits, settings, beginnings, endings, lease }))
    }

    /// Waits for permission to use the database to begin something. It ends when the permit is dropped.
    async fn permit_to_begin(&self) -> Option<SemaphorePermit<'_>> {
        self.0.beginnings.acquire().await.ok()
    }

    /// Waits for permission to use the database to store something. It ends when the permit is dropped.
    async fn permit_to_store(&self) -> Option<SemaphorePermit<'_>> {
        self.0.endings.acquire().await.ok()
    }
}
