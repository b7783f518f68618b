//! Deletes the oldest events of the audit log in batches.

use std::collections::HashSet;

use integrations_core::ids::{AuditEventId, OrganizationId};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, IdenStatic as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use time::OffsetDateTime;

use super::{
    NewAuditEvent, Store, StoreError, audit,
    entity::audit_event::{Column, Entity},
};
use crate::environment::first_id_at;

/// Deletes every event before a given time. Ids sort by time, so a batch is a range of the primary key's index. No
/// event is read twice, and events that stay are not read at all.
#[derive(Debug)]
pub struct Pruning {
    store: Store,
    before: String,
    batch: u32,
    /// The id of the last event that was removed.
    after: String,
    /// The organizations whose log already has the event about this.
    recorded: HashSet<OrganizationId>,
}

impl Store {
    /// Prepares to delete the events of all organizations before a given time. [`Pruning::step`] deletes up to `batch`
    /// events in one transaction.
    pub fn prune_audit(&self, before: OffsetDateTime, batch: u32) -> Pruning {
        let (store, before): (_, AuditEventId) = (self.clone(), first_id_at(before));
        Pruning { store, before: before.to_string(), batch, after: String::new(), recorded: HashSet::new() }
    }
}

impl Pruning {
    /// How many events are still to be deleted.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let before = Entity::find().select_only().column(Column::Id).filter(Column::Id.lt(&self.before));
        Ok(before.count(&self.store.reader).await?)
    }

    /// Deletes the next batch. In the same transaction it records `event` for each organization that loses events for
    /// the first time. Returns the number of deleted events; `None` when nothing is left.
    pub async fn step(
        &mut self,
        event: impl Fn(OrganizationId) -> NewAuditEvent,
    ) -> Result<Option<u64>, StoreError> {
        let Some(last) = self.last_of_batch().await? else { return Ok(None) };
        let transaction = self.store.begin().await?;
        let mut removing = Entity::delete_many()
            .filter(Column::Id.gt(&self.after))
            .filter(Column::Id.lte(&last))
            .into_query();
        let removed = transaction.query_all(removing.returning_col(Column::OrganizationId)).await?;
        let mut organizations = HashSet::new();
        for row in &removed {
            let organization: String = row.try_get("", Column::OrganizationId.as_str())?;
            let damaged = |_| StoreError::Damaged(format!("audit event of organization {organization}"));
            organizations.insert(organization.parse::<OrganizationId>().map_err(damaged)?);
        }
        organizations.retain(|organization| !self.recorded.contains(organization));
        for organization in &organizations {
            audit::record(&transaction, event(*organization)).await?;
        }
        transaction.commit().await?;
        self.recorded.extend(organizations);
        self.after = last;
        Ok(Some(removed.len() as u64))
    }

    async fn last_of_batch(&self) -> Result<Option<String>, StoreError> {
        let left = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.gt(&self.after))
            .filter(Column::Id.lt(&self.before));
        let full =
            left.clone().order_by_asc(Column::Id).offset(u64::from(self.batch.saturating_sub(1))).limit(1);
        let last = match full.into_tuple().one(&self.store.reader).await? {
            Some(last) => Some(last),
            None => left.order_by_desc(Column::Id).limit(1).into_tuple().one(&self.store.reader).await?,
        };
        Ok(last)
    }
}
