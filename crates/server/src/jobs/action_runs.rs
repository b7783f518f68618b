//! Ends runs of actions whose server has died while it sent them.

use std::time::Duration;

use integrations_core::{
    action::{Caller, RunStatus},
    audit::{Acting, Actor, AuditAction, changes_of_run},
    catalog::ActionKind,
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
        let change = (RunStatus::Sending, RunStatus::Unknown);
        let event = |tenant: &Tenant, run: &RunRow| executed(&self.environment, tenant, run, change);
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

/// The event of what came of a run without its caller, if its action changes something. Whoever called acted.
pub fn executed(
    environment: &Environment,
    tenant: &Tenant,
    run: &RunRow,
    (from, to): (RunStatus, RunStatus),
) -> Result<Option<NewAuditEvent>, StoreError> {
    if run.kind == ActionKind::ReadOnly.as_str() {
        return Ok(None);
    }
    let damaged = |what: &str| StoreError::Damaged(format!("run {}: {what}", run.id));
    let id = run.id.parse().map_err(|_| damaged("id"))?;
    let integration = run.integration_id.parse().map_err(|_| damaged("integration"))?;
    let caller: Caller = run.principal.parse().map_err(|_| damaged("principal"))?;
    let context = run.context.as_deref().unwrap_or("{}");
    let context = serde_json::from_str(context).map_err(|_| damaged("context"))?;
    let acting = Acting { actor: Actor::from(caller), request_id: run.request_id.clone() };
    let executed = AuditAction::IntegrationActionExecuted;
    Ok(Some(NewAuditEvent {
        project: Some(tenant.project),
        integration: Some((integration, run.provider.clone())),
        changes: changes_of_run(id, &run.action, Some(from), to, &context),
        ..NewAuditEvent::new(environment, tenant.organization, executed, acting)
    }))
}
