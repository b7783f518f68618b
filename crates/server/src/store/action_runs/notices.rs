//! The messages that tell people of what waits for one of them. Each is stored in the transaction that asks.
//!
//! A message is claimed by moving its time into the future, which is a lease: whoever moved it sends, and what a late
//! one learned is not stored once another has taken over. The run that sends it is noted before it is begun, so that
//! after a crash somebody can look what came of it.

use integrations_core::{
    action::{NOTICE_WINDOW, NoticeStatus, NoticeTells, next_tells},
    ids::{ApprovalId, RunId},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, UpdateMany,
    sea_query::{Expr, ExprTrait as _},
};
use time::{Duration, OffsetDateTime};

use super::policy::policy_of;
use crate::store::{
    NewAuditEvent, ReadError, Store, StoreError, Tenant, audit,
    entity::{
        action_run,
        approval_notice::{ActiveModel, Column, Entity, Model},
    },
    pages,
    transaction::Transaction,
};

/// A message that somebody sends.
#[derive(Clone, Debug)]
pub struct NoticeClaim {
    /// What it tells of.
    pub approval: ApprovalId,
    /// Its project, with the organization.
    pub tenant: Tenant,
    /// Whether it tells of that, or that more wait.
    pub tells: NoticeTells,
    /// How often it was tried before.
    pub attempts: u32,
    /// The newest run that was to send it.
    pub earlier: Option<RunId>,
    /// Until when nobody else sends it.
    until: OffsetDateTime,
}

/// How an attempt to send a message ends.
#[derive(Clone, Debug)]
pub enum NoticeEnd {
    /// It was sent.
    Sent,
    /// There is nothing to tell any more, or nobody is to be told.
    Dropped,
    /// It is given up, with the event that says so.
    Failed {
        /// Why.
        error: String,
        /// The event.
        event: Box<NewAuditEvent>,
    },
    /// It is tried, or looked at, again.
    Again {
        /// When.
        at: OffsetDateTime,
        /// How often it was tried by then, even if no run began.
        attempts: u32,
    },
}

/// A message that could not be sent.
#[derive(Clone, Debug)]
pub struct FailedNotice {
    /// What it was to tell of.
    pub approval: String,
    /// Why it could not be sent.
    pub error: String,
    /// When it was given up.
    pub at: OffsetDateTime,
}

/// Stores the message about an approval, if the project has people told, and not of very many just now. Of two askings
/// at once each may tell that more wait.
pub(super) async fn open(
    on: &Transaction,
    run: &action_run::Model,
    approval: &str,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    if policy_of(on, &run.project_id).await?.notify.is_none() {
        return Ok(());
    }
    let since = at - Duration::seconds(NOTICE_WINDOW.into());
    let recent =
        Entity::find().filter(Column::ProjectId.eq(&run.project_id)).filter(Column::CreatedAt.gt(since));
    let Some(tells) = next_tells(recent.count(on).await?) else { return Ok(()) };
    let notice = Model {
        approval_id: approval.to_owned(),
        organization_id: run.organization_id.clone(),
        project_id: run.project_id.clone(),
        tells: tells.as_str().to_owned(),
        status: NoticeStatus::Waiting.as_str().to_owned(),
        attempts: 0,
        due_at: Some(at),
        run_id: None,
        error: None,
        created_at: at,
        ended_at: None,
    };
    Entity::insert(ActiveModel::from(notice)).exec_without_returning(on).await?;
    Ok(())
}

impl Store {
    /// The address of one of our pages, if the server's public URL is known; otherwise its path.
    pub fn link_to(&self, path: &str) -> String {
        self.outbox.link_to(path)
    }

    /// Claims up to `limit` messages that are due, until a time that is later than `now`.
    pub async fn claim_due_notices(
        &self,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u64,
    ) -> Result<Vec<NoticeClaim>, StoreError> {
        // Nearly always there are none, and then nobody waits for the writer.
        let due = Entity::find().filter(Column::DueAt.lte(now)).order_by_asc(Column::DueAt).limit(limit);
        let mut claims = Vec::new();
        for row in due.all(&self.reader).await? {
            let Some(due) = row.due_at else { continue };
            let transaction = self.begin().await?;
            let claimed = of_lease(&row.approval_id, due)
                .col_expr(Column::DueAt, Expr::value(until))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            if claimed.rows_affected == 1 {
                // A damaged one keeps no other from being sent. It is looked at again when its lease is over.
                match read_claim(&row, until) {
                    Ok(claim) => claims.push(claim),
                    Err(error) => tracing::error!(%error, "a message about an approval cannot be sent"),
                }
            }
        }
        Ok(claims)
    }

    /// Notes the run that is about to send a message. `false`: somebody else has taken over.
    pub async fn begin_notice(&self, claim: &NoticeClaim, run: RunId) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let begun = of_lease(&claim.approval.to_string(), claim.until)
            .col_expr(Column::RunId, Expr::value(run.to_string()))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(begun.rows_affected == 1)
    }

    /// Stores what came of an attempt. Nothing is stored if somebody else has taken over.
    pub async fn end_notice(
        &self,
        claim: &NoticeClaim,
        end: NoticeEnd,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut update = of_lease(&claim.approval.to_string(), claim.until);
        let (status, due_at, error, event) = match end {
            NoticeEnd::Sent => (NoticeStatus::Sent, None, None, None),
            NoticeEnd::Dropped => (NoticeStatus::Dropped, None, None, None),
            NoticeEnd::Failed { error, event } => (NoticeStatus::Failed, None, Some(error), Some(event)),
            NoticeEnd::Again { at, attempts } => {
                let attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
                update = update.col_expr(Column::Attempts, Expr::value(attempts));
                (NoticeStatus::Waiting, Some(at), None, None)
            }
        };
        let transaction = self.begin().await?;
        let ended = update
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .col_expr(Column::DueAt, Expr::value(due_at))
            .col_expr(Column::Error, Expr::value(error))
            .col_expr(Column::EndedAt, Expr::value(due_at.is_none().then_some(now)))
            .exec(&transaction)
            .await?;
        if let Some(event) = event
            && ended.rows_affected == 1
        {
            audit::record(&transaction, *event).await?;
        }
        transaction.commit().await
    }

    /// The message about the newest of a tenant's approvals of which nobody could be told. `None`: there is none.
    pub async fn newest_failed_notice(&self, tenant: &Tenant) -> Result<Option<FailedNotice>, ReadError> {
        self.admit(tenant).await?;
        let failed = Entity::find().filter(Column::Status.eq(NoticeStatus::Failed.as_str()));
        let project = (Column::ProjectId, tenant.project.to_string());
        let end = (Column::ApprovalId, ApprovalId::from_bits(u128::MAX).to_string());
        let newest = pages::newest(failed, project, end, 1).one(&self.reader).await?;
        Ok(newest.map(|row| FailedNotice {
            approval: row.approval_id,
            error: row.error.unwrap_or_default(),
            at: row.ended_at.unwrap_or(row.created_at),
        }))
    }
}

/// The message whose time, or lease, is this.
fn of_lease(approval: &str, at: OffsetDateTime) -> UpdateMany<Entity> {
    Entity::update_many().filter(Column::ApprovalId.eq(approval)).filter(Column::DueAt.eq(at))
}

fn read_claim(row: &Model, until: OffsetDateTime) -> Result<NoticeClaim, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("message about {}: {what}", row.approval_id));
    Ok(NoticeClaim {
        approval: row.approval_id.parse().map_err(|_| damaged("id"))?,
        tenant: Tenant {
            organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
            project: row.project_id.parse().map_err(|_| damaged("project"))?,
        },
        tells: row.tells.parse().map_err(|_| damaged("tells"))?,
        attempts: u32::try_from(row.attempts).map_err(|_| damaged("attempts"))?,
        earlier: row.run_id.as_ref().map(|run| run.parse()).transpose().map_err(|_| damaged("run"))?,
        until,
    })
}
