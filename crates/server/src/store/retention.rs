//! Removing the oldest events of the audit log, batch by batch.

use std::collections::HashSet;

use integrations_core::ids::OrganizationId;
use sea_orm::{ConnectionTrait as _, DbErr, QueryResult, Statement, Value};
use time::OffsetDateTime;

use super::{
    NewAuditEvent, Store, StoreError,
    audit::{self, first_id_at},
};

/// The last event of a batch: `$1` the id that it begins after, `$2` the id that it ends before, `$3` its size less one.
const LAST_OF_BATCH: &str = "SELECT id FROM audit_events WHERE id > $1 AND id < $2 \
     ORDER BY id LIMIT 1 OFFSET CAST($3 AS bigint)";
/// The last event before `$2`, where it is after `$1`.
const LAST: &str = "SELECT id FROM audit_events WHERE id > $1 AND id < $2 ORDER BY id DESC LIMIT 1";
/// Removes the events after `$1` up to `$2`.
const REMOVE: &str = "DELETE FROM audit_events WHERE id > $1 AND id <= $2 RETURNING organization_id";
/// How many events there are before `$1`.
const COUNT: &str = "SELECT COUNT(*) FROM audit_events WHERE id < $1";

/// The removal of every event before a moment. Ids sort by time, so that a batch is a piece of the primary key's index:
/// none is looked at twice, and none that stays.
#[derive(Debug)]
pub struct Pruning {
    store: Store,
    before: String,
    batch: u32,
    /// The id of the last event that was removed.
    after: String,
    /// The organizations that know already.
    told: HashSet<OrganizationId>,
}

impl Store {
    /// Begins to remove the events from before a moment, of all organizations: [`Pruning::step`] does it, up to `batch`
    /// events in one transaction.
    pub fn prune_audit(&self, before: OffsetDateTime, batch: u32) -> Pruning {
        let (store, before) = (self.clone(), first_id_at(before).to_string());
        Pruning { store, before, batch, after: String::new(), told: HashSet::new() }
    }

    fn on_events<const N: usize>(&self, sql: &str, values: [&str; N]) -> Statement {
        Statement::from_sql_and_values(self.backend(), sql, values.map(Value::from))
    }
}

impl Pruning {
    /// How many events are left to be removed.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let row = self.store.reader.query_one_raw(self.store.on_events(COUNT, [&self.before])).await?;
        let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        Ok(count.unsigned_abs())
    }

    /// Removes the next events, in one transaction with `event` for each organization that loses some and does not
    /// know yet. Returns how many, `None` when nothing is left.
    pub async fn step(
        &mut self,
        event: impl Fn(OrganizationId) -> NewAuditEvent,
    ) -> Result<Option<u64>, StoreError> {
        let Some(last) = self.last_of_batch().await? else { return Ok(None) };
        let transaction = self.store.begin().await?;
        let removing = self.store.on_events(REMOVE, [&self.after, &last]);
        let removed = transaction.query_all_raw(removing).await?;
        let mut losers = HashSet::new();
        for row in &removed {
            let organization: String = row.try_get_by_index(0)?;
            let damaged = |_| StoreError::Damaged(format!("audit event of organization {organization}"));
            losers.insert(organization.parse::<OrganizationId>().map_err(damaged)?);
        }
        losers.retain(|organization| !self.told.contains(organization));
        for organization in &losers {
            audit::record(&transaction, event(*organization)).await?;
        }
        transaction.commit().await?;
        self.told.extend(losers);
        self.after = last;
        Ok(Some(removed.len() as u64))
    }

    async fn last_of_batch(&self) -> Result<Option<String>, StoreError> {
        let (reader, size) = (&self.store.reader, self.batch.saturating_sub(1).to_string());
        let full = self.store.on_events(LAST_OF_BATCH, [&self.after, &self.before, &size]);
        let found = match reader.query_one_raw(full).await? {
            Some(row) => Some(row),
            None => reader.query_one_raw(self.store.on_events(LAST, [&self.after, &self.before])).await?,
        };
        let id = |row: QueryResult| -> Result<String, DbErr> { row.try_get_by_index(0) };
        Ok(found.map(id).transpose()?)
    }
}
