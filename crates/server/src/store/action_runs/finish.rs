//! Ends runs that were sent.

use integrations_core::{
    action::{RunStatus, Transition},
    error::ErrorCode,
    ids::{LeaseId, RunId},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, UpdateMany, sea_query::Expr,
};
use time::{Duration, OffsetDateTime};

use super::{
    RunEnd, RunFailure,
    tell::{is_told, tell_finished},
};
use crate::store::{
    NewAuditEvent, RunRow, Store, StoreError, Tenant, audit,
    entity::{
        action_reservation,
        action_run::{Column, Entity, Model},
    },
    transaction::{Transaction, without_waiting_for_the_disk},
};

/// How many abandoned runs end in one transaction.
const BATCH: u64 = 100;
const ABANDONED: &str = "The server that was sending it has stopped; it may have been carried out";

impl Store {
    /// Ends a run that this attempt sends, with its event. If it was not done, its reservations go.
    ///
    /// `false`: it has ended already, and nothing is stored. A run that only became `unknown` takes a late answer.
    pub async fn finish_run(
        &self,
        id: RunId,
        attempt: LeaseId,
        end: RunEnd,
        event: Option<NewAuditEvent>,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        let attempt =
            Condition::all().add(Column::Id.eq(id.as_str())).add(Column::Attempt.eq(attempt.to_string()));
        let changes_nothing_else =
            event.is_none() && end.status.is_reserved() && end.status != RunStatus::Unknown;
        if changes_nothing_else && !is_told(&self.reader, &id).await? {
            // As when an action has read something.
            let attempt = attempt.add(without_waiting_for_the_disk(self.backend()));
            return Ok(mark_ended(&self.writer, attempt, end).await?);
        }
        let transaction = self.begin().await?;
        let is_ended = end_run(&transaction, &id, attempt, end, event).await?;
        transaction.commit().await?;
        Ok(is_ended)
    }

    /// Ends as `unknown` what is still being sent when its time is over, with the event that `event` makes of each.
    /// Whoever sent it has died or is late. Returns how many; there may be more.
    pub async fn abandon_runs(
        &self,
        now: OffsetDateTime,
        event: impl Fn(&Tenant, &RunRow) -> Result<Option<NewAuditEvent>, StoreError> + Send,
    ) -> Result<usize, StoreError> {
        let are_over = || {
            Condition::all()
                .add(Column::Status.eq(RunStatus::Sending.as_str()))
                .add(Column::SendingUntil.lte(now))
        };
        // Nearly always there are none, and then nobody waits for the writer.
        let one = Entity::find().select_only().column(Column::Id).filter(are_over());
        if one.into_tuple::<String>().one(&self.reader).await?.is_none() {
            return Ok(0);
        }
        let transaction = self.begin().await?;
        let abandoned = Entity::find()
            .filter(are_over())
            .order_by_asc(Column::Id)
            .limit(BATCH)
            .lock_exclusive()
            .all(&transaction)
            .await?;
        let error = RunFailure { code: ErrorCode::OutcomeUnknown, message: ABANDONED.to_owned() };
        let end = RunEnd {
            status: RunStatus::Unknown,
            provider_status: None,
            result: None,
            error: Some(error),
            at: now,
        };
        let ids = abandoned.iter().map(|row| row.id.clone());
        ending(end).filter(Column::Id.is_in(ids)).exec(&transaction).await?;
        let count = abandoned.len();
        for row in abandoned {
            plan_look(&transaction, &row, now).await?;
            let (tenant, id) = (tenant_of(&row)?, row.id.clone());
            let event = event(&tenant, &row.into())?;
            if let Some(event) = event {
                audit::record(&transaction, event).await?;
            }
            tell_finished(&transaction, &id).await?;
        }
        transaction.commit().await?;
        Ok(count)
    }
}

/// Ends a run that meets a condition, with its event. If it was not done, its reservations go. `false`: there is none,
/// or it has ended already, and nothing is stored.
pub(super) async fn end_run(
    on: &Transaction,
    id: &str,
    condition: Condition,
    end: RunEnd,
    event: Option<NewAuditEvent>,
) -> Result<bool, StoreError> {
    let (status, at) = (end.status, end.at);
    if !mark_ended(on, condition, end).await? {
        return Ok(false);
    }
    if !status.is_reserved() {
        action_reservation::Entity::delete_many()
            .filter(action_reservation::Column::RunId.eq(id))
            .exec(on)
            .await?;
    }
    if status == RunStatus::Unknown
        && let Some(row) = Entity::find_by_id(id).one(on).await?
    {
        plan_look(on, &row, at).await?;
    }
    if let Some(event) = event {
        audit::record(on, event).await?;
    }
    tell_finished(on, id).await?;
    Ok(true)
}

/// Ends a run that meets a condition, and changes nothing else. `false`: there is none, or it has ended already.
async fn mark_ended(on: &impl ConnectionTrait, condition: Condition, end: RunEnd) -> Result<bool, DbErr> {
    let status = end.status;
    let before = RunStatus::ALL.into_iter().filter(|before| Transition::new(*before, status).is_some());
    let ended = ending(end)
        .filter(condition)
        .filter(Column::Status.is_in(before.map(RunStatus::as_str)))
        .exec(on)
        .await?;
    Ok(ended.rows_affected > 0)
}

/// Sets when to look for what came of a run that became `unknown` at this moment, if there is something to look for.
async fn plan_look(on: &Transaction, row: &Model, now: OffsetDateTime) -> Result<(), StoreError> {
    let Some(seconds) = row.look_after else { return Ok(()) };
    let at = now + Duration::seconds(seconds.into());
    Entity::update_many()
        .col_expr(Column::LookAt, Expr::value(at))
        .filter(Column::Id.eq(row.id.as_str()))
        .exec(on)
        .await?;
    Ok(())
}

pub(super) fn tenant_of(row: &Model) -> Result<Tenant, StoreError> {
    let damaged = |_| StoreError::Damaged(format!("run {}: project", row.id));
    Ok(Tenant {
        organization: row.organization_id.parse().map_err(damaged)?,
        project: row.project_id.parse().map_err(damaged)?,
    })
}

/// The update that ends a run.
fn ending(end: RunEnd) -> UpdateMany<Entity> {
    let (code, message) = end.error.map(|error| (error.code.as_str(), error.message)).unzip();
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(end.status.as_str()))
        .col_expr(Column::ProviderStatus, Expr::value(end.provider_status.map(i32::from)))
        .col_expr(Column::Result, Expr::value(end.result))
        .col_expr(Column::ErrorCode, Expr::value(code))
        .col_expr(Column::ErrorMessage, Expr::value(message))
        .col_expr(Column::SendingUntil, Expr::value(None::<OffsetDateTime>))
        .col_expr(Column::LookAt, Expr::value(None::<OffsetDateTime>))
        .col_expr(Column::FinishedAt, Expr::value(end.at))
}
