//! Limits of what is in flight: in total, for one provider and for one host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use integrations_core::catalog::{Catalog, Provider};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many hosts are remembered before those with nothing in flight are dropped.
const HOSTS: usize = 10_000;

/// The limits of a monitor.
#[derive(Clone, Debug)]
pub struct MonitorSettings {
    /// The most integrations in flight. 0: this replica leaves the schedule to others, and checks only on request.
    pub in_flight: usize,
    /// The most integrations of one provider in flight.
    pub per_provider: usize,
    /// The most probes of one host in flight.
    pub per_host: usize,
    /// The longest time between two queries for what is due.
    pub poll: Duration,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        Self { in_flight: 256, per_provider: 128, per_host: 64, poll: Duration::from_secs(1) }
    }
}

/// Counts what is in flight.
#[derive(Debug)]
pub(super) struct Limits {
    all: Arc<Semaphore>,
    in_all: usize,
    /// By provider's key.
    providers: HashMap<String, Arc<Semaphore>>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    per_host: usize,
}

/// Permission to monitor one integration. It is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    _all: OwnedSemaphorePermit,
    _provider: OwnedSemaphorePermit,
}

impl Limits {
    pub(super) fn new(settings: &MonitorSettings, catalog: &Catalog) -> Self {
        // At least one, so that requested checks work even if the schedule is left to others.
        let places = |count: usize| Arc::new(Semaphore::new(count.max(1)));
        let of_provider = |provider: &Provider| {
            // If all integrations of a provider use one host, no more are claimed than can be probed there.
            let probe = provider.probe.request();
            let is_one_host = probe.is_some_and(|probe| probe.call.url.has_fixed_host());
            let most = if is_one_host { settings.per_host } else { usize::MAX };
            (provider.key.to_string(), places(settings.per_provider.min(most)))
        };
        Self {
            all: places(settings.in_flight),
            in_all: settings.in_flight.max(1),
            providers: catalog.iter().map(|provider| of_provider(provider)).collect(),
            hosts: Mutex::default(),
            per_host: settings.per_host.max(1),
        }
    }

    /// How many more integrations of a provider can be monitored now.
    pub(super) fn free(&self, provider: &str) -> usize {
        let of_provider = self.providers.get(provider).map_or(0, |places| places.available_permits());
        of_provider.min(self.all.available_permits())
    }

    /// Takes a slot, if one is free.
    pub(super) fn try_take(&self, provider: &str) -> Option<Slot> {
        let provider = self.providers.get(provider)?;
        Some(Slot {
            _all: Arc::clone(&self.all).try_acquire_owned().ok()?,
            _provider: Arc::clone(provider).try_acquire_owned().ok()?,
        })
    }

    /// Waits for a free slot. `None`: there is no such provider, or the monitor is drained.
    pub(super) async fn take(&self, provider: &str) -> Option<Slot> {
        let provider = self.providers.get(provider)?;
        Some(Slot {
            _provider: Arc::clone(provider).acquire_owned().await.ok()?,
            _all: Arc::clone(&self.all).acquire_owned().await.ok()?,
        })
    }

    /// Waits until nothing is in flight, and lets nothing begin any more.
    pub(super) async fn drain(&self) {
        let all = u32::try_from(self.in_all).unwrap_or(u32::MAX);
        // Fails if it was drained before.
        drop(self.all.acquire_many(all).await);
        self.all.close();
    }

    /// Takes a slot of a host, if one is free.
    pub(super) fn try_take_host(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS {
            hosts.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let places = hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.per_host)));
        Arc::clone(places).try_acquire_owned().ok()
    }
}
