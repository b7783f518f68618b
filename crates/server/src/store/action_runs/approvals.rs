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
    /// A page of up to `limit` of a tenant's approvals, newest first. What is late at this moment has expired, even if
    /// that is not stored yet.
    pub async fn approvals(
        &self,
        tenant: &Tenant,
        filter: &ApprovalFilter,
        now: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<ApprovalRow>, ReadError> {
        let end = filter.before.unwrap_or(ApprovalId::from_bits(u128::MAX));
        let mut values: Vec<sea_orm::Value> = vec![tenant.project.to_string().into(), end.to_string().into()];
        let mut conditions = String::new();
        let mut is = |value: sea_orm::Value, condition: &dyn Fn(usize) -> String| {
            values.push(value);
            conditions = format!("{conditions} AND {}", condition(values.len()));
        };
        match filter.status {
            Some(ApprovalStatus::Pending) => {
                is(now.into(), &|at| format!("status = 'pending' AND expires_at > ${at}"));
            }
            Some(ApprovalStatus::Expired) => {
                let late =
                    |at| format!("(status = 'expired' OR (status = 'pending' AND expires_at <= ${at}))");
                is(now.into(), &late);
            }
            Some(decided) => is(decided.as_str().into(), &|at| format!("status = ${at}")),
            None => {}
        }
        if let Some(provider) = &filter.provider {
            is(provider.as_str().into(), &|at| format!("provider = ${at}"));
        }
        let sql = statements::approvals_page(&conditions, limit);
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
