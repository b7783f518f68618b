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
    provider::{
        oauth_apps::OAuthApps,
        outbound::Outbound,
        prober::{Prober, UNTIL_ACCEPTED},
    },
    store::Store,
    vault::Vault,
};

/// How many refreshes may use the database to begin at the same time.
const BEGINNINGS: usize = 2;
/// How many results may be stored at the same time.
const ENDINGS: usize = 4;

/// What a lease has room for beside requests to providers and pauses.
const FOR_THE_DATABASE: Duration = Duration::from_secs(5);

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
    lease: Duration,
}

/// How long a lease lasts if a request to a provider takes no longer than `timeout`: longer than the work under it.
///
/// The end of a lease is set twice: by the claim, and by the mark before a refresh token is sent. The longest work
/// follows the mark: the refresh, a probe of the new token, and as many more as [`UNTIL_ACCEPTED`] has pauses.
fn lease(timeout: Duration) -> Duration {
    let requests = 2 + UNTIL_ACCEPTED.len();
    let requests = timeout * u32::try_from(requests).unwrap_or(u32::MAX);
    requests + UNTIL_ACCEPTED.iter().sum::<Duration>() + FOR_THE_DATABASE
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
        let lease = lease(parts.outbound.timeout());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_covers_a_renewal_and_every_probe_of_the_new_token() {
        // As docs/topics/checks-and-renewal.md says.
        assert_eq!(lease(Duration::from_secs(10)), Duration::from_secs(49));
        assert_eq!(lease(Duration::ZERO), Duration::from_secs(9));
    }
}
