//! Ends what nobody decided on: in time, or before whoever asked took it back. What is late is not sent, whether this
//! has run or not.

use integrations_core::{
    action::{ApprovalStatus, RunStatus},
    error::ErrorCode,
    ids::RunId,
    principal::Principal,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    finish::tenant_of,
    tell::{tell_decided, tell_finished},
};
use crate::store::{
    NewAuditEvent, RunRow, Store, StoreError, Tenant, audit,
    entity::{action_reservation, action_run, approval},
    transaction::Transaction,
};

/// How many end in one transaction.
const BATCH: u64 = 100;
const LATE: &str = "Nobody decided in time, so nothing was sent. It can be asked for again";
const WITHDRAWN: &str = "Whoever asked for it took it back, so nothing was sent. It can be asked for again";

impl Store {
    /// Ends the approvals whose time is over, and their runs, each with the event that `event` makes. Returns how many;
    /// there may be more.
    pub async fn expire_approvals(
        &self,
        now: OffsetDateTime,
        event: impl Fn(&Tenant, &RunRow) -> Result<NewAuditEvent, StoreError> + Send,
    ) -> Result<usize, StoreError> {
        use action_run::Column;

        let late = approval::Entity::find()
            .select_only()
            .column(approval::Column::RunId)
            .filter(approval::Column::Status.eq(ApprovalStatus::Pending.as_str()))
            .filter(approval::Column::ExpiresAt.lte(now))
            .limit(BATCH);
        let late: Vec<String> = late.into_tuple().all(&self.reader).await?;
        if late.is_empty() {
            return Ok(0);
        }
        let transaction = self.begin().await?;
        let waits = Condition::all()
            .add(Column::Status.eq(RunStatus::PendingApproval.as_str()))
            .add(Column::ApprovalExpiresAt.lte(now))
            .add(Column::Id.is_in(late));
        let runs = action_run::Entity::find().filter(waits).order_by_asc(Column::Id).lock_exclusive();
        let runs = runs.all(&transaction).await?;
        let count = runs.len();
        end(&transaction, runs, LATE, now, event).await?;
        transaction.commit().await?;
        Ok(count)
    }

    /// Ends a run that waits for a person, with the event that `event` makes, because the one who asked for it takes it
    /// back. Nothing is done if it does not wait any more, or if somebody else asked for it.
    pub async fn withdraw_run(
        &self,
        tenant: &Tenant,
        id: RunId,
        by: Principal,
        now: OffsetDateTime,
        event: impl Fn(&Tenant, &RunRow) -> Result<NewAuditEvent, StoreError> + Send,
    ) -> Result<(), StoreError> {
        use action_run::Column;

        let transaction = self.begin().await?;
        let waits = Condition::all()
            .add(Column::Id.eq(id.to_string()))
            .add(Column::OrganizationId.eq(tenant.organization.to_string()))
            .add(Column::ProjectId.eq(tenant.project.to_string()))
            .add(Column::Principal.eq(by.to_string()))
            .add(Column::Status.eq(RunStatus::PendingApproval.as_str()));
        let runs = action_run::Entity::find().filter(waits).lock_exclusive().all(&transaction).await?;
        end(&transaction, runs, WITHDRAWN, now, event).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Ends runs that wait for a person and are locked, with their approvals, and gives back what they reserved. Whoever
/// asks is told `why`.
async fn end(
    on: &Transaction,
    runs: Vec<action_run::Model>,
    why: &str,
    now: OffsetDateTime,
    event: impl Fn(&Tenant, &RunRow) -> Result<NewAuditEvent, StoreError> + Send,
) -> Result<(), StoreError> {
    use action_run::Column;

    let ids = || runs.iter().map(|run| run.id.clone());
    action_run::Entity::update_many()
        .col_expr(Column::Status, Expr::value(RunStatus::Expired.as_str()))
        .col_expr(Column::ErrorCode, Expr::value(ErrorCode::ApprovalNotPending.as_str()))
        .col_expr(Column::ErrorMessage, Expr::value(why))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::Id.is_in(ids()))
        .exec(on)
        .await?;
    approval::Entity::update_many()
        .col_expr(approval::Column::Status, Expr::value(ApprovalStatus::Expired.as_str()))
        .col_expr(approval::Column::DecidedAt, Expr::value(now))
        .filter(approval::Column::RunId.is_in(ids()))
        .filter(approval::Column::Status.eq(ApprovalStatus::Pending.as_str()))
        .exec(on)
        .await?;
    action_reservation::Entity::delete_many()
        .filter(action_reservation::Column::RunId.is_in(ids()))
        .exec(on)
        .await?;
    for run in runs {
        let tenant = tenant_of(&run)?;
        audit::record(on, event(&tenant, &run.clone().into())?).await?;
        if let Some(approval) = &run.approval_id {
            tell_decided(on, &run, approval, ApprovalStatus::Expired, now)?;
        }
        tell_finished(on, &run.id).await?;
    }
    Ok(())
}
