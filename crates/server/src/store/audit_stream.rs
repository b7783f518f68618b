//! What was streamed of the audit log, and which server streams it.

use integrations_core::ids::LeaseId;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Statement, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    Store, StoreError,
    entity::{audit_head, audit_link, audit_stream},
    statements,
};

/// A chain whose end was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstreamed {
    /// Whose chain it is.
    pub organization: String,
    /// The last number that was sent; 0 if there is none.
    streamed: i64,
    /// Lines up to this number were removed as old.
    removed_to: i64,
}

/// How much of the log was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The number of chained events.
    pub events: u64,
    /// When the oldest of them was recorded.
    pub oldest: Option<OffsetDateTime>,
}

impl Store {
    /// Takes the lease of the server that streams, or prolongs it, until a time that is later than `now`. `false`:
    /// another server has it.
    pub async fn lease_audit_stream(
        &self,
        owner: LeaseId,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let free = Condition::any()
            .add(audit_stream::Column::Owner.is_null())
            .add(audit_stream::Column::Owner.eq(owner.to_string()))
            .add(audit_stream::Column::Until.lte(now));
        let leased = audit_stream::Entity::update_many()
            .col_expr(audit_stream::Column::Owner, Expr::value(owner.to_string()))
            .col_expr(audit_stream::Column::Until, Expr::value(until))
            .filter(free);
        let transaction = self.begin().await?;
        let leased = leased.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(leased.rows_affected == 1)
    }

    /// Gives the lease back.
    pub async fn end_audit_stream_lease(&self, owner: LeaseId) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        audit_stream::Entity::update_many()
            .col_expr(audit_stream::Column::Owner, Expr::value(None::<String>))
            .filter(audit_stream::Column::Owner.eq(owner.to_string()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The chains whose ends were not sent, up to a thousand.
    pub async fn unstreamed(&self) -> Result<Vec<Unstreamed>, StoreError> {
        let is_behind = Expr::cust("number > streamed AND number > begins_after_number");
        let heads = audit_head::Entity::find()
            .filter(is_behind)
            .order_by_asc(audit_head::Column::OrganizationId)
            .limit(1_000)
            .all(&self.reader)
            .await?;
        let unstreamed = |head: audit_head::Model| Unstreamed {
            organization: head.organization_id,
            streamed: head.streamed,
            removed_to: head.begins_after_number,
        };
        Ok(heads.into_iter().map(unstreamed).collect())
    }

    /// The next lines of a chain that were not sent, with their numbers, in order.
    pub async fn lines_to_stream(
        &self,
        of: &Unstreamed,
        limit: u64,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let lines = audit_link::Entity::find()
            .select_only()
            .columns([audit_link::Column::Number, audit_link::Column::Line])
            .filter(audit_link::Column::OrganizationId.eq(&of.organization))
            .filter(audit_link::Column::Number.gt(of.streamed.max(of.removed_to)))
            .order_by_asc(audit_link::Column::Number)
            .limit(limit)
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(lines)
    }

    /// Keeps that a chain was sent up to `number`. `None`: another server has the lease, or has sent it.
    pub async fn keep_streamed(
        &self,
        owner: LeaseId,
        of: Unstreamed,
        number: i64,
    ) -> Result<Option<Unstreamed>, StoreError> {
        let values =
            [of.organization.clone().into(), of.streamed.into(), number.into(), owner.to_string().into()];
        let transaction = self.begin().await?;
        let statement = Statement::from_sql_and_values(self.backend(), statements::KEEP_STREAMED, values);
        let kept = transaction.execute_raw(statement).await?;
        transaction.commit().await?;
        Ok((kept.rows_affected() == 1).then_some(Unstreamed { streamed: number, ..of }))
    }

    /// How much of the chains was not sent.
    pub async fn unsent(&self) -> Result<Unsent, StoreError> {
        let count = Statement::from_string(self.backend(), statements::UNSENT);
        let row = self.reader.query_one_raw(count).await?;
        let events: i64 = row.map(|row| row.try_get("", "events")).transpose()?.unwrap_or(0);
        let oldest = Statement::from_string(self.backend(), statements::OLDEST_UNSENT);
        let oldest = self.reader.query_one_raw(oldest).await?;
        let oldest = oldest.map(|row| row.try_get("", "created_at")).transpose()?;
        Ok(Unsent { events: u64::try_from(events).unwrap_or(0), oldest })
    }
}
