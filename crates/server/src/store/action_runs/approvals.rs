//! Reads approvals to show them.

use integrations_core::{action::ApprovalStatus, ids::ApprovalId};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    Statement,
};
use time::OffsetDateTime;

use crate::store::{
    ApprovalRow, ReadError, SealedRequest, Store, StoreError, Tenant,
    entity::{action_run, approval},
    statements,
    tenant::joined,
};

/// Which of a project's approvals to read. An approval must meet every condition that is set.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// Only approvals before this one.
    pub before: Option<ApprovalId>,
    /// Only approvals with this status.
    pub status: Option<ApprovalStatus>,
    /// Only approvals of this provider's integrations, with its alias.
    pub provider: Option<String>,
}

impl Store {
    /// A page of up to `limit` of a tenant's approvals, newest first.
    pub async fn approvals(
        &self,
        tenant: &Tenant,
        filter: &ApprovalFilter,
        limit: u16,
    ) -> Result<Vec<ApprovalRow>, ReadError> {
        let status = filter.status.map(|status| ("status", status.as_str().to_owned()));
        let provider = filter.provider.clone().map(|provider| ("provider", provider));
        let (columns, wanted): (Vec<_>, Vec<_>) = status.into_iter().chain(provider).unzip();
        let end = filter.before.unwrap_or(ApprovalId::from_bits(u128::MAX));
        let range = [tenant.project.to_string(), end.to_string()];
        let values = range.into_iter().chain(wanted).map(sea_orm::Value::from);
        let sql = statements::approvals_page(&columns, limit);
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.iter().filter_map(|row| joined(row).transpose()).collect()
    }

    /// A tenant's approval. `None`: there is none with this id, or it is another project's.
    pub async fn approval(&self, tenant: &Tenant, id: ApprovalId) -> Result<Option<ApprovalRow>, ReadError> {
        let ids: [sea_orm::Value; 2] = [tenant.project.to_string().into(), id.to_string().into()];
        let statement = Statement::from_sql_and_values(self.backend(), statements::APPROVAL.as_str(), ids);
        let rows = self.reader.query_all_raw(statement).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.first().map_or(Ok(None), joined)
    }

    /// How many of a tenant's approvals can be decided on at a moment.
    pub async fn count_pending_approvals(
        &self,
        tenant: &Tenant,
        now: OffsetDateTime,
    ) -> Result<u64, ReadError> {
        self.admit(tenant).await?;
        let pending = approval::Entity::find()
            .filter(approval::Column::ProjectId.eq(tenant.project.to_string()))
            .filter(approval::Column::Status.eq(ApprovalStatus::Pending.as_str()))
            .filter(approval::Column::ExpiresAt.gt(now));
        Ok(pending.count(&self.reader).await?)
    }

    /// The sealed request of an approval's run, with what it belongs to.
    pub async fn sealed_request_of(&self, approval: &ApprovalRow) -> Result<SealedRequest, StoreError> {
        let run = action_run::Entity::find_by_id(&approval.run_id).one(&self.reader).await?;
        let gone = || StoreError::Damaged(format!("approval {}: its run is gone", approval.id));
        run.ok_or_else(gone)?.try_into()
    }
}
