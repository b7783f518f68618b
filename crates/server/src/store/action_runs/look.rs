//! Looks at providers for what came of runs that are `unknown`.
//!
//! A look is claimed by moving its time into the future, which is a lease: whoever moved it looks, and nobody else does
//! before that time. So what a late looker found is not stored once another has taken over.

use integrations_core::{action::RunStatus, ids::RunId};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    RunEnd,
    finish::{end_run, tenant_of},
};
use crate::store::{
    NewAuditEvent, RunRow, SealedRequest, Store, StoreError, Tenant,
    entity::action_run::{Column, Entity, Model},
};

/// A run that somebody looks for.
#[derive(Clone, Debug)]
pub struct LookClaim {
    /// The run.
    pub id: RunId,
    /// The same, as it is shown.
    pub run: RunRow,
    /// Its project, with the organization.
    pub tenant: Tenant,
    /// When it became `unknown`.
    pub unknown_since: OffsetDateTime,
    /// SHA-256 of what the provider's file said of the action.
    pub definition: Vec<u8>,
    /// What was sealed with it.
    pub request: SealedRequest,
    /// How many looks found nothing.
    pub absences: i32,
    /// Until when nobody else looks.
    until: OffsetDateTime,
}

/// How a look ends.
#[derive(Clone, Debug)]
pub enum LookEnd {
    /// It shows what came of the run, with its event.
    Found(Box<RunEnd>, Option<Box<NewAuditEvent>>),
    /// It does not show it yet.
    Again {
        /// When to look again.
        at: OffsetDateTime,
        /// How many looks found nothing so far.
        absences: i32,
    },
    /// It never will. The run stays `unknown`.
    GivenUp,
}

impl Store {
    /// Claims up to `limit` looks that are due, until a time that is later than `now`.
    pub async fn claim_due_looks(
        &self,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u64,
    ) -> Result<Vec<LookClaim>, StoreError> {
        // Nearly always there are none, and then nobody waits for the writer.
        let due = Entity::find().filter(Column::LookAt.lte(now)).order_by_asc(Column::LookAt).limit(limit);
        let mut claims = Vec::new();
        for row in due.all(&self.reader).await? {
            claims.extend(self.take_look(row, until).await?);
        }
        Ok(claims)
    }

    /// Claims the look for a run that is due at this time, before that, until a time that is later. `None`: there is
    /// none, or somebody else looks.
    pub async fn claim_look(
        &self,
        id: RunId,
        due: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<Option<LookClaim>, StoreError> {
        match Entity::find().filter(of_look(&id.to_string(), due)).one(&self.reader).await? {
            Some(row) => self.take_look(row, until).await,
            None => Ok(None),
        }
    }

    async fn take_look(&self, row: Model, until: OffsetDateTime) -> Result<Option<LookClaim>, StoreError> {
        let Some(due) = row.look_at else { return Ok(None) };
        let transaction = self.begin().await?;
        let claimed = Entity::update_many()
            .col_expr(Column::LookAt, Expr::value(until))
            .filter(of_look(&row.id, due))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        if claimed.rows_affected == 0 { Ok(None) } else { read_claim(row, until).map(Some) }
    }

    /// Stores what came of a look. `false`: the run has ended, or somebody else looks, and nothing is stored.
    pub async fn end_look(&self, claim: &LookClaim, end: LookEnd) -> Result<bool, StoreError> {
        let (id, transaction) = (claim.id.to_string(), self.begin().await?);
        let claimed = of_look(&id, claim.until);
        let (at, absences) = match end {
            LookEnd::Found(end, event) => {
                let event = event.map(|event| *event);
                let is_ended = end_run(&transaction, &id, claimed, *end, event).await?;
                transaction.commit().await?;
                return Ok(is_ended);
            }
            LookEnd::Again { at, absences } => (Some(at), absences),
            LookEnd::GivenUp => (None, claim.absences),
        };
        let ended = Entity::update_many()
            .col_expr(Column::LookAt, Expr::value(at))
            .col_expr(Column::LookAbsences, Expr::value(absences))
            .filter(claimed)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(ended.rows_affected == 1)
    }
}

/// The run whose look is due, or abandoned, at this time.
fn of_look(id: &str, at: OffsetDateTime) -> Condition {
    Condition::all()
        .add(Column::Id.eq(id))
        .add(Column::Status.eq(RunStatus::Unknown.as_str()))
        .add(Column::LookAt.eq(at))
}

fn read_claim(row: Model, until: OffsetDateTime) -> Result<LookClaim, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("run {}: {what}", row.id));
    Ok(LookClaim {
        id: row.id.parse().map_err(|_| damaged("id"))?,
        tenant: tenant_of(&row)?,
        unknown_since: row.finished_at.ok_or_else(|| damaged("finished_at"))?,
        request: row.clone().try_into()?,
        definition: row.definition.clone(),
        absences: row.look_absences,
        until,
        run: row.into(),
    })
}
