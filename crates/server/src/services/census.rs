//! How many integrations there are, for the metrics: counted at most once in some seconds, however often it is asked.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use crate::{environment::Environment, metrics::IntegrationCount, store::Store};

/// How long a count is good.
const FRESH: Duration = Duration::from_secs(15);
/// How long who reads the metrics waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts the integrations of all projects.
#[derive(Debug)]
pub struct Census {
    store: Store,
    environment: Environment,
    last: Mutex<Option<Counted>>,
}

/// What was counted, and when by the uptime. `None`: it could not be counted.
#[derive(Debug)]
struct Counted {
    at: Duration,
    counts: Option<Arc<[IntegrationCount]>>,
}

impl Census {
    /// Counts what is in `store`.
    pub fn new(store: Store, environment: Environment) -> Self {
        Self { store, environment, last: Mutex::default() }
    }

    /// How many integrations have which status and health, as of some seconds ago. `None`: the database did not say.
    pub async fn integrations(&self) -> Option<Arc<[IntegrationCount]>> {
        // Who comes while it is counted waits for the same count.
        let mut last = self.last.lock().await;
        let at = self.environment.uptime();
        if let Some(counted) = last.as_ref().filter(|counted| at.saturating_sub(counted.at) < FRESH) {
            return counted.counts.clone();
        }
        let counts = match tokio::time::timeout(PATIENCE, self.store.count_integrations()).await {
            Ok(Ok(counts)) => Some(counts.into()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the integrations could not be counted for the metrics");
                None
            }
            Err(_) => {
                tracing::warn!("counting the integrations for the metrics took too long");
                None
            }
        };
        last.insert(Counted { at, counts }).counts.clone()
    }
}
