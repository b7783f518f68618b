//! Ends runs of actions whose server has died while it sent them.

use std::time::Duration;

use integrations_core::{
    action::RunStatus,
    audit::{Acting, Actor, AuditAction, changes_of_run},
    catalog::ActionKind,
    principal::Principal,
};

use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    store::{NewAuditEvent, RunRow, Store, StoreError, Tenant},
};

const PERIOD: Duration = Duration::from_secs(5);

/// The job that ends abandoned runs.
#[derive(Debug)]
pub struct ActionRuns {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for ActionRuns {
    type Error = StoreError;
    const NAME: &'static str = "action_runs";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let event = |tenant: &Tenant, run: &RunRow| became_unknown(&self.environment, tenant, run);
        loop {
            let abandoned = self.store.abandon_runs(self.environment.now(), event).await?;
            if abandoned == 0 {
                return Ok(Next::Every(PERIOD));
            }
            tracing::warn!(
                abandoned,
                "runs of actions were abandoned; nobody knows whether they were carried out"
            );
        }
    }
}

/// The event of a run that was abandoned, if its action changes something. Whoever called acted.
fn became_unknown(
    environment: &Environment,
    tenant: &Tenant,
    run: &RunRow,
) -> Result<Option<NewAuditEvent>, StoreError> {
    if run.kind == ActionKind::ReadOnly.as_str() {
        return Ok(None);
    }
    let damaged = |what: &str| StoreError::Damaged(format!("run {}: {what}", run.id));
    let id = run.id.parse().map_err(|_| damaged("id"))?;
    let integration = run.integration_id.parse().map_err(|_| damaged("integration"))?;
    let principal: Principal = run.principal.parse().map_err(|_| damaged("principal"))?;
    let context = run.context.as_deref().unwrap_or("{}");
    let context = serde_json::from_str(context).map_err(|_| damaged("context"))?;
    let acting = Acting { actor: Actor::from(principal), request_id: run.request_id.clone() };
    let executed = AuditAction::IntegrationActionExecuted;
    let (from, to) = (Some(RunStatus::Sending), RunStatus::Unknown);
    Ok(Some(NewAuditEvent {
        project: Some(tenant.project),
        integration: Some((integration, run.provider.clone())),
        changes: changes_of_run(id, &run.action, from, to, &context),
        ..NewAuditEvent::new(environment, tenant.organization, executed, acting)
    }))
}
