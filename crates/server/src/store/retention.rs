//! Deletes what is old in batches: events of the audit log, and runs of actions.
//!
//! The chain over an organization's audit log loses its beginning, up to one number. What is older and comes later in
//! the chain stays until the next time. So events were committed late, and lie only moments behind the others. That
//! number is kept before anything is deleted, in the transaction that records and chains the event of it.

use std::collections::HashSet;

use integrations_core::{
    audit::Change,
    audit_chain::PRUNED_TO,
    ids::{OrganizationId, kind},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait, IdenStatic as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, sea_query::Expr,
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    NewAuditEvent, Store, StoreError, audit, audit_chain,
    entity::{action_run, audit_event},
    in_order::locked_in_order,
    statements,
    transaction::Transaction,
};
use crate::environment::first_id_at;

/// Deletes everything of one table before a given time. Ids sort by time, so a batch is a range of the primary key's
/// index. No row is read twice, and newer rows are not read at all.
#[derive(Debug)]
pub struct Pruning {
    store: Store,
    what: Pruned,
    /// What is of this moment or later stays.
    before: OffsetDateTime,
    batch: u32,
    /// The id of the last row that was removed.
    after: String,
    /// The organizations whose log already has the event about this.
    recorded: HashSet<OrganizationId>,
    /// Whether it is kept up to where each chain is removed.
    are_chains_cut: bool,
}

/// What is deleted.
#[derive(Clone, Copy, Debug)]
enum Pruned {
    AuditEvents,
    Runs,
}

/// A table whose old rows can be deleted.
trait Prunable: EntityTrait {
    const ID: Self::Column;
    const ORGANIZATION: Self::Column;

    /// Which of its rows are old enough to go, if what is of this moment or later stays.
    fn is_old(before: OffsetDateTime) -> Condition;

    /// What else a row must meet to go.
    fn may_go() -> Condition {
        Condition::all()
    }

    /// Deletes what belongs to the rows after `after` up to `last`, in the transaction that deletes them.
    async fn delete_rest(_: &Transaction, _after: &str, _last: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Prunable for audit_event::Entity {
    const ID: audit_event::Column = audit_event::Column::Id;
    const ORGANIZATION: audit_event::Column = audit_event::Column::OrganizationId;

    fn is_old(before: OffsetDateTime) -> Condition {
        let first = first_id_at::<kind::AuditEvent>(before).to_string();
        Condition::all().add(audit_event::Column::Id.lt(first))
    }

    fn may_go() -> Condition {
        Condition::all().add(Expr::cust(statements::IS_NOT_CHAINED_BEHIND))
    }

    async fn delete_rest(on: &Transaction, after: &str, last: &str) -> Result<(), StoreError> {
        audit_chain::delete_links(on, after, last).await
    }
}

impl Prunable for action_run::Entity {
    const ID: action_run::Column = action_run::Column::Id;
    const ORGANIZATION: action_run::Column = action_run::Column::OrganizationId;

    /// What waits for a person or is being sent stays. What a person let wait counts towards limits from its sending,
    /// so the end decides, which is never before that.
    fn is_old(before: OffsetDateTime) -> Condition {
        let first = first_id_at::<kind::Run>(before).to_string();
        Condition::all().add(action_run::Column::Id.lt(first)).add(action_run::Column::FinishedAt.lt(before))
    }
}

impl Store {
    /// Prepares to delete the events of all organizations before a given time. [`Pruning::step`] deletes up to `batch`
    /// events in one transaction.
    pub fn prune_audit(&self, before: OffsetDateTime, batch: u32) -> Pruning {
        self.prune(Pruned::AuditEvents, before, batch)
    }

    /// Prepares to delete the runs of all organizations that ended before a given time, with what they count towards
    /// limits.
    pub fn prune_runs(&self, before: OffsetDateTime, batch: u32) -> Pruning {
        self.prune(Pruned::Runs, before, batch)
    }

    fn prune(&self, what: Pruned, before: OffsetDateTime, batch: u32) -> Pruning {
        let store = self.clone();
        Pruning {
            store,
            what,
            before,
            batch,
            after: String::new(),
            recorded: HashSet::new(),
            are_chains_cut: false,
        }
    }
}

impl Pruning {
    /// How many rows are old enough to be deleted.
    pub async fn count(&self) -> Result<u64, StoreError> {
        match self.what {
            Pruned::AuditEvents => self.count_of::<audit_event::Entity>().await,
            Pruned::Runs => self.count_of::<action_run::Entity>().await,
        }
    }

    async fn count_of<E: Prunable>(&self) -> Result<u64, StoreError>
    where
        E::Model: Send + Sync,
    {
        Ok(E::find().filter(E::is_old(self.before)).count(&self.store.reader).await?)
    }

    /// Deletes the next batch. In the same transaction it records `event` for each organization that loses rows for the
    /// first time. Returns the number of deleted rows; `None` when nothing is left.
    pub async fn step(
        &mut self,
        event: impl Fn(OrganizationId) -> NewAuditEvent,
    ) -> Result<Option<u64>, StoreError> {
        match self.what {
            Pruned::AuditEvents => {
                self.cut_chains(&event).await?;
                self.step_of::<audit_event::Entity>(event).await
            }
            Pruned::Runs => self.step_of::<action_run::Entity>(event).await,
        }
    }

    /// Keeps, once, up to where each chain is removed, and records it.
    async fn cut_chains(
        &mut self,
        event: impl Fn(OrganizationId) -> NewAuditEvent,
    ) -> Result<(), StoreError> {
        if self.are_chains_cut {
            return Ok(());
        }
        let first_kept = first_id_at::<kind::AuditEvent>(self.before).to_string();
        self.store.chain_waiting().await?;
        for chain in self.store.chains(None).await? {
            let damaged = |_| StoreError::Damaged(format!("the audit chain of {}", chain.organization));
            let organization = chain.organization.parse::<OrganizationId>().map_err(damaged)?;
            let transaction = self.store.begin().await?;
            let Some(cut) = audit_chain::cut(&transaction, &chain.organization, &first_kept).await? else {
                continue;
            };
            let mut pruned = event(organization);
            let to = Value::from(cut.to_string());
            pruned.changes.push(Change { path: PRUNED_TO.to_owned(), from: Value::Null, to });
            audit::record(&transaction, pruned).await?;
            // Until it is chained, nothing says that the beginning was removed rightly.
            while audit_chain::append_waiting(&transaction, &chain.organization).await? > 0 {}
            transaction.commit().await?;
            self.recorded.insert(organization);
        }
        self.are_chains_cut = true;
        Ok(())
    }

    async fn step_of<E: Prunable>(
        &mut self,
        event: impl Fn(OrganizationId) -> NewAuditEvent,
    ) -> Result<Option<u64>, StoreError> {
        let Some(last) = self.last_of_batch::<E>().await? else { return Ok(None) };
        let transaction = self.store.begin().await?;
        let batch = self.is_left::<E>().add(E::ID.lte(&last));
        let mut removing = E::delete_many().filter(locked_in_order::<E>(E::ID, batch)).into_query();
        let removed = transaction.query_all(removing.returning_col(E::ORGANIZATION)).await?;
        E::delete_rest(&transaction, &self.after, &last).await?;
        let mut organizations = HashSet::new();
        for row in &removed {
            let organization: String = row.try_get("", E::ORGANIZATION.as_str())?;
            let damaged = |_| StoreError::Damaged(format!("a row of organization {organization}"));
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

    async fn last_of_batch<E: Prunable>(&self) -> Result<Option<String>, StoreError> {
        let left = self.left::<E>();
        let full = left.clone().order_by_asc(E::ID).offset(u64::from(self.batch.saturating_sub(1))).limit(1);
        let last = match full.into_tuple().one(&self.store.reader).await? {
            Some(last) => Some(last),
            None => left.order_by_desc(E::ID).limit(1).into_tuple().one(&self.store.reader).await?,
        };
        Ok(last)
    }

    /// The ids of the rows that are still to be deleted.
    fn left<E: Prunable>(&self) -> Select<E> {
        E::find().select_only().column(E::ID).filter(self.is_left::<E>())
    }

    fn is_left<E: Prunable>(&self) -> Condition {
        E::is_old(self.before).add(E::may_go()).add(E::ID.gt(&self.after))
    }
}
