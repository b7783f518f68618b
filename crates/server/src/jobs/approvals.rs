//! Ends what waited for a person and was not decided on in time.

use std::time::Duration;

use integrations_core::{
    action::RunStatus,
    audit::{Acting, AuditAction, changes_of_run},
};

use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    store::{NewAuditEvent, RunRow, Store, StoreError, Tenant},
};

const PERIOD: Duration = Duration::from_secs(5);

/// The job that ends late approvals. What is late is not sent, whether this has run or not.
#[derive(Debug)]
pub struct Approvals {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for Approvals {
    type Error = StoreError;
    const NAME: &'static str = "approvals";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let event = |tenant: &Tenant, run: &RunRow| expired(&self.environment, tenant, run, Acting::SYSTEM);
        while self.store.expire_approvals(self.environment.now(), event).await? > 0 {}
        Ok(Next::Every(PERIOD))
    }
}

/// The event of a run that nobody decided on.
pub fn expired(
    environment: &Environment,
    tenant: &Tenant,
    run: &RunRow,
    acting: Acting,
) -> Result<NewAuditEvent, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("run {}: {what}", run.id));
    let id = run.id.parse().map_err(|_| damaged("id"))?;
    let integration = run.integration_id.parse().map_err(|_| damaged("integration"))?;
    let context = run.context.as_deref().unwrap_or("{}");
    let context = serde_json::from_str(context).map_err(|_| damaged("context"))?;
    let (from, to) = (Some(RunStatus::PendingApproval), RunStatus::Expired);
    let action = AuditAction::IntegrationActionExpired;
    Ok(NewAuditEvent {
        project: Some(tenant.project),
        integration: Some((integration, run.provider.clone())),
        changes: changes_of_run(id, &run.action, from, to, &context),
        ..NewAuditEvent::new(environment, tenant.organization, action, acting)
    })
}
