//! Asks a person about a run, once.

use integrations_core::{
    action::{ApprovalStatus, DeniedBy, RunStatus},
    ids::ApprovalId,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _,
};
use time::{Duration, OffsetDateTime};

use super::{NewRun, policy::policy_of};
use crate::store::{
    RunRow, StoreError, Tenant,
    entity::{action_run, approval, credential},
    transaction::Transaction,
};

/// How many calls of one caller may wait for a person in a project.
pub(super) const MOST_WAITING: u64 = 100;
/// How long the same call is denied after a person denied it.
const DENIED_FOR: Duration = Duration::hours(1);

/// The same call of the same caller, if a person is asked about it at this time, or has denied it a short time ago. If
/// it decides on another one, the lock of its integration is held.
pub(super) async fn same_call(
    on: &impl ConnectionTrait,
    integration: &str,
    hash: [u8; 32],
    at: OffsetDateTime,
) -> Result<Option<RunRow>, StoreError> {
    use action_run::Column;

    let waits = Condition::all()
        .add(Column::Status.eq(RunStatus::PendingApproval.as_str()))
        .add(Column::ApprovalExpiresAt.gt(at));
    let was_denied = Condition::all()
        .add(Column::Status.eq(RunStatus::Denied.as_str()))
        .add(Column::DeniedBy.eq(DeniedBy::Person.as_str()))
        .add(Column::FinishedAt.gt(at - DENIED_FOR));
    let found = action_run::Entity::find()
        .filter(Column::IntegrationId.eq(integration))
        .filter(Column::InputHash.eq(hash.to_vec()))
        .filter(Column::ApprovalId.is_not_null())
        .filter(Condition::any().add(waits).add(was_denied))
        .order_by_desc(Column::Id)
        .one(on)
        .await?;
    Ok(found.map(Into::into))
}

/// Whether as many calls of this caller wait for a person in the project as may.
pub(super) async fn wait_already(
    on: &Transaction,
    tenant: &Tenant,
    run: &NewRun,
) -> Result<bool, StoreError> {
    let waiting = approval::Entity::find()
        .filter(approval::Column::ProjectId.eq(tenant.project.to_string()))
        .filter(approval::Column::Status.eq(ApprovalStatus::Pending.as_str()))
        .filter(approval::Column::Principal.eq(run.actor.to_string()))
        .filter(approval::Column::ExpiresAt.gt(run.created_at));
    Ok(waiting.count(on).await? >= MOST_WAITING)
}

/// A new run that waits for a person, and its approval. Neither is stored yet.
pub(super) async fn ask(
    on: &Transaction,
    run: action_run::Model,
    id: ApprovalId,
) -> Result<(action_run::Model, approval::Model), StoreError> {
    let policy = policy_of(on, &run.project_id).await?;
    let expires_at = run.created_at + Duration::seconds(policy.expires_after.into());
    let run = action_run::Model {
        status: RunStatus::PendingApproval.as_str().to_owned(),
        approval_id: Some(id.to_string()),
        approval_expires_at: Some(expires_at),
        ..run
    };
    let asked = approval::Model {
        id: id.to_string(),
        run_id: run.id.clone(),
        organization_id: run.organization_id.clone(),
        project_id: run.project_id.clone(),
        provider: run.provider.clone(),
        status: ApprovalStatus::Pending.as_str().to_owned(),
        principal: run.principal.clone(),
        deciders: policy.deciders.as_str().to_owned(),
        connected_at: connected_at(on, &run.integration_id).await?,
        evidence: run.evidence.clone(),
        reasons: run.reasons.clone().unwrap_or_else(|| "[]".to_owned()),
        created_at: run.created_at,
        expires_at,
        decided_by: None,
        decided_at: None,
        note: None,
    };
    Ok((run, asked))
}

/// When the integration was connected. Connecting it anew changes that, even with the same account; renewing its tokens
/// does not.
pub(super) async fn connected_at(
    on: &Transaction,
    integration: &str,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let credential = credential::Entity::find_by_id(integration).one(on).await?;
    Ok(credential.map(|credential| credential.created_at))
}
