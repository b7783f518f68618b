//! How often what was refused at an address. It is counted in memory and stored once in a while.

use integrations_core::ids::EventSourceId;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use time::OffsetDateTime;

use crate::store::{
    Store, StoreError,
    entity::{event_refusal, event_source},
    transaction::Transaction,
};

/// The most rows of an address. Beyond, what requests claimed to be is not told apart.
const MOST: u64 = 100;

/// Requests that were refused since the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub source: EventSourceId,
    /// Why.
    pub reason: &'static str,
    /// What type they claimed to be; empty: none.
    pub kind: String,
    /// How many there were.
    pub count: u64,
    /// When the last was.
    pub last_at: OffsetDateTime,
}

/// What was refused at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRow {
    /// Why.
    pub reason: String,
    /// What type the requests claimed to be.
    pub kind: Option<String>,
    /// How many there were.
    pub count: u64,
    /// When the last was.
    pub last_at: OffsetDateTime,
}

impl Store {
    /// Adds to what was refused, in one transaction. Addresses that are gone are left out.
    pub async fn record_refusals(&self, mut refused: Vec<Refused>) -> Result<(), StoreError> {
        if refused.is_empty() {
            return Ok(());
        }
        let key = |one: &Refused| (one.source, one.reason, one.kind.clone());
        refused.sort_by_key(key);
        let transaction = self.begin().await?;
        for one in refused {
            let source = event_source::Entity::find_by_id(one.source.to_string()).one(&transaction).await?;
            if source.is_some() {
                add(&transaction, one).await?;
            }
        }
        transaction.commit().await
    }

    /// What was refused at an address, the latest first.
    pub async fn refusals(&self, source: EventSourceId) -> Result<Vec<RefusalRow>, StoreError> {
        let rows = event_refusal::Entity::find()
            .filter(event_refusal::Column::SourceId.eq(source.to_string()))
            .order_by_desc(event_refusal::Column::LastAt)
            .all(&self.reader)
            .await?;
        let shown = |row: event_refusal::Model| RefusalRow {
            kind: Some(row.kind).filter(|kind| !kind.is_empty()),
            count: u64::try_from(row.count).unwrap_or_default(),
            last_at: row.last_at,
            reason: row.reason,
        };
        Ok(rows.into_iter().map(shown).collect())
    }
}

async fn add(on: &Transaction, one: Refused) -> Result<(), StoreError> {
    use event_refusal::Column;

    let source = one.source.to_string();
    let of_source = event_refusal::Entity::find().filter(Column::SourceId.eq(source.as_str()));
    let is_full = !one.kind.is_empty() && of_source.count(on).await? >= MOST;
    let row = event_refusal::Model {
        source_id: source,
        reason: one.reason.to_owned(),
        kind: if is_full { String::new() } else { one.kind },
        count: i64::try_from(one.count).unwrap_or(i64::MAX),
        last_at: one.last_at,
    };
    let counted = Expr::col((event_refusal::Entity, Column::Count)).add(row.count);
    let or_add = OnConflict::columns([Column::SourceId, Column::Reason, Column::Kind])
        .value(Column::Count, counted)
        .update_column(Column::LastAt)
        .to_owned();
    event_refusal::Entity::insert(event_refusal::ActiveModel::from(row))
        .on_conflict(or_add)
        .exec_without_returning(on)
        .await?;
    Ok(())
}
