//! Destroys the credentials of archived projects when they cannot be brought back any more.

use std::time::Duration;

use integrations_core::audit::{Acting, AuditAction};

use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    store::{NewAuditEvent, Store, StoreError},
};

const PERIOD: Duration = Duration::from_secs(60 * 60);
/// How soon it is tried again after a failure.
const RETRY: Duration = Duration::from_secs(60);

/// Destroys the credentials of projects that were archived longer than their grace.
#[derive(Debug)]
pub struct Erasure {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for Erasure {
    type Error = StoreError;
    const NAME: &'static str = "erasure";

    fn backoff(&self) -> Backoff {
        Backoff::constant(RETRY)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let now = self.environment.now();
        while let Some((organization, project)) = self.store.project_to_erase(now).await? {
            let event = NewAuditEvent::new(
                &self.environment,
                organization,
                AuditAction::ProjectErased,
                Acting::SYSTEM,
            );
            let event = NewAuditEvent { project: Some(project), ..event };
            if self.store.erase_project(project, event).await? {
                tracing::info!(%project, "destroyed the credentials of an archived project");
            }
        }
        Ok(Next::Every(PERIOD))
    }
}
