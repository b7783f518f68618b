//! Shows approvals, and how a project has them decided.

use integrations_core::{
    action::{ApprovalStatus, Policy, PolicyUpdate, RenderedRequest},
    audit::{Acting, AuditAction},
    fields::BodyError,
    ids::ApprovalId,
};

use super::{Actions, CallError};
use crate::{
    services::page::Page,
    store::{ApprovalFilter, ApprovalRow, FailedNotice, NewAuditEvent, OwnedError, ReadError, Tenant},
};

/// How approvals are decided, and whether people can be told of them.
#[derive(Clone, Debug)]
pub struct ShownPolicy {
    /// The policy.
    pub policy: Policy,
    /// Why nothing is sent to where people are told, at this time.
    pub problem: Option<String>,
    /// The newest message that could not be sent.
    pub last_failure: Option<FailedNotice>,
}

/// A policy was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Nobody can be told there.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The integration could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The project cannot be changed.
    #[error(transparent)]
    Owned(#[from] OwnedError),
}

impl Actions {
    /// Up to `limit` of a tenant's approvals, newest first.
    pub async fn approvals(
        &self,
        tenant: &Tenant,
        filter: &ApprovalFilter,
        limit: u16,
    ) -> Result<Page<ApprovalRow>, ReadError> {
        // One more than requested shows whether there are more.
        let approvals = self.store.approvals(tenant, filter, self.environment.now(), limit + 1).await?;
        Ok(Page::of(approvals.into_iter().map(|approval| self.as_it_is(approval)).collect(), limit))
    }

    /// A tenant's approval, if there is one with this id.
    pub async fn approval(&self, tenant: &Tenant, id: ApprovalId) -> Result<Option<ApprovalRow>, ReadError> {
        Ok(self.store.approval(tenant, id).await?.map(|approval| self.as_it_is(approval)))
    }

    /// The request of an approval that was read with its tenant, exactly as it is sent if it is approved,
    /// without host and credential. It may hold sensitive inputs.
    pub async fn frozen_request(&self, approval: &ApprovalRow) -> Result<RenderedRequest, CallError> {
        let sealed = self.store.sealed_request_of(approval).await?;
        Ok(self.open_frozen(&sealed)?.request)
    }

    /// How many of a tenant's approvals wait for somebody.
    pub async fn count_pending_approvals(&self, tenant: &Tenant) -> Result<u64, ReadError> {
        self.store.count_pending_approvals(tenant, self.environment.now()).await
    }

    /// How a tenant's approvals are decided, and whether people can be told of them.
    pub async fn shown_policy(&self, tenant: &Tenant) -> Result<ShownPolicy, ReadError> {
        let policy = self.approval_policy(tenant).await?;
        self.shown(tenant, policy).await
    }

    async fn shown(&self, tenant: &Tenant, policy: Policy) -> Result<ShownPolicy, ReadError> {
        let Some(destination) = &policy.notify else {
            return Ok(ShownPolicy { policy, problem: None, last_failure: None });
        };
        let problem = self.problem_of(tenant, destination).await?;
        let last_failure = self.store.newest_failed_notice(tenant).await?;
        Ok(ShownPolicy { policy, problem, last_failure })
    }

    /// How a tenant's approvals are decided.
    pub async fn approval_policy(&self, tenant: &Tenant) -> Result<Policy, ReadError> {
        self.store.approval_policy(tenant).await
    }

    /// Changes how a tenant's approvals are decided. People can only be told by an action that sends a message, of an
    /// integration that is installed.
    pub async fn update_approval_policy(
        &self,
        tenant: &Tenant,
        mut update: PolicyUpdate,
        acting: Acting,
    ) -> Result<ShownPolicy, PolicyError> {
        if let Some(Some(destination)) = update.notify {
            let destination = self.to_be_set(tenant, destination).await?.map_err(BodyError::Invalid)?;
            update.notify = Some(Some(destination));
        }
        let updated = AuditAction::ProjectUpdated;
        let event = NewAuditEvent::new(&self.environment, tenant.organization, updated, acting);
        let event = NewAuditEvent { project: Some(tenant.project), ..event };
        let policy = self.store.update_approval_policy(tenant.project, update, event).await?;
        Ok(self.shown(tenant, policy).await?)
    }

    /// What is late has expired, even if that is not stored yet.
    fn as_it_is(&self, approval: ApprovalRow) -> ApprovalRow {
        let is_late = approval.expires_at <= self.environment.now();
        if !is_late || approval.status != ApprovalStatus::Pending.as_str() {
            return approval;
        }
        let (status, decided_at) = (ApprovalStatus::Expired.as_str().to_owned(), Some(approval.expires_at));
        ApprovalRow { status, decided_at, ..approval }
    }
}
