//! The chain over each organization's audit log.
//!
//! An event is recorded with a row of `audit_pending`, in the transaction of its change. It is chained afterwards, so
//! that no change waits for another at the one row that the end of a chain is. That row is locked while a chain grows,
//! so a chain has one end whoever chains.

use std::collections::HashMap;

use integrations_core::{
    audit_chain::{Head, Line, Link, Recorded},
    ids::OrganizationId,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, FromQueryResult as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement, sea_query::OnConflict,
};
use time::OffsetDateTime;

use super::{
    Store, StoreError,
    entity::{audit_event, audit_head, audit_link, audit_pending},
    statements,
    transaction::Transaction,
};

/// The most events that one transaction chains.
const BATCH: u64 = 500;

/// Both ends of an organization's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEnds {
    /// The organization.
    pub organization: String,
    /// Its last line.
    pub head: Head,
    /// Up to where old events were removed; [`Head::NONE`] if none were.
    pub begins_after: Head,
    /// Events in no chain from before this time are from before the chain.
    pub covers_from: OffsetDateTime,
}

/// An event of the log, and where its line is.
#[derive(Clone, Debug, sea_orm::FromQueryResult)]
pub struct Whereabouts {
    /// The event.
    pub id: String,
    /// The organization whose log has it.
    pub organization_id: String,
    chained: Option<String>,
    waiting: Option<String>,
}

impl Whereabouts {
    /// Whether it is in a chain.
    pub const fn is_chained(&self) -> bool {
        self.chained.is_some()
    }

    /// Whether it waits to be put into a chain.
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }
}

impl TryFrom<audit_head::Model> for ChainEnds {
    type Error = StoreError;

    fn try_from(row: audit_head::Model) -> Result<Self, StoreError> {
        let damaged =
            || StoreError::Damaged(format!("the head of the audit chain of {}", row.organization_id));
        let head = |number: i64, hash: &str| {
            let number = u64::try_from(number).map_err(|_| damaged())?;
            Ok::<_, StoreError>(Head { number, hash: hash.parse().map_err(|_| damaged())? })
        };
        Ok(Self {
            head: head(row.number, &row.hash)?,
            begins_after: head(row.begins_after_number, &row.begins_after_hash)?,
            covers_from: row.covers_from,
            organization: row.organization_id,
        })
    }
}

impl From<audit_event::Model> for Recorded {
    fn from(row: audit_event::Model) -> Self {
        Self {
            id: row.id,
            organization: row.organization_id,
            at: row.created_at,
            action: row.action,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            project: row.project_id,
            integration: row.integration_id,
            provider: row.provider,
            request_id: row.request_id,
            changes: row.changes,
        }
    }
}

impl Store {
    /// Chains the events that wait. Returns how many there were.
    pub async fn chain_waiting(&self) -> Result<u64, StoreError> {
        let mut chained = 0;
        loop {
            // Nearly always there are none, and then nobody waits for the writer.
            let organizations = self.organizations_that_wait().await?;
            let before = chained;
            for organization in organizations {
                let transaction = self.begin().await?;
                chained += append_waiting(&transaction, &organization).await?;
                transaction.commit().await?;
            }
            if chained == before {
                return Ok(chained);
            }
        }
    }

    async fn organizations_that_wait(&self) -> Result<Vec<String>, StoreError> {
        let waiting = audit_pending::Entity::find()
            .select_only()
            .column(audit_pending::Column::OrganizationId)
            .distinct()
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(waiting)
    }

    /// The ends of the chains of all organizations, or of one. A chain whose head is gone has none, and begins with
    /// nothing.
    pub async fn chains(&self, of: Option<OrganizationId>) -> Result<Vec<ChainEnds>, StoreError> {
        let of = of.map(|id| id.to_string());
        let mut heads = audit_head::Entity::find().order_by_asc(audit_head::Column::OrganizationId);
        let mut links = audit_link::Entity::find().select_only().column(audit_link::Column::OrganizationId);
        if let Some(of) = &of {
            heads = heads.filter(audit_head::Column::OrganizationId.eq(of));
            links = links.filter(audit_link::Column::OrganizationId.eq(of));
        }
        let rows = heads.all(&self.reader).await?.into_iter();
        let mut chains = rows.map(ChainEnds::try_from).collect::<Result<Vec<_>, _>>()?;
        let with_links: Vec<String> = links.distinct().into_tuple().all(&self.reader).await?;
        for organization in with_links {
            if !chains.iter().any(|chain| chain.organization == organization) {
                let (head, begins_after) = (Head::NONE, Head::NONE);
                let covers_from = OffsetDateTime::UNIX_EPOCH;
                chains.push(ChainEnds { organization, head, begins_after, covers_from });
            }
        }
        Ok(chains)
    }

    /// Both ends of an organization's chain, as they are now.
    pub async fn chain_ends(&self, organization: &str) -> Result<Option<ChainEnds>, StoreError> {
        let row = audit_head::Entity::find_by_id(organization).one(&self.reader).await?;
        row.map(ChainEnds::try_from).transpose()
    }

    /// Up to `limit` links of an organization's chain that come after a number, in order, each with its event as the
    /// log has it.
    pub async fn links_after(
        &self,
        organization: &str,
        number: u64,
        limit: u64,
    ) -> Result<Vec<Link>, StoreError> {
        let links = audit_link::Entity::find()
            .filter(audit_link::Column::OrganizationId.eq(organization))
            .filter(audit_link::Column::Number.gt(i64::try_from(number).unwrap_or(i64::MAX)))
            .order_by_asc(audit_link::Column::Number)
            .limit(limit)
            .all(&self.reader)
            .await?;
        let ids: Vec<&str> = links.iter().map(|link| link.event_id.as_str()).collect();
        let events = audit_event::Entity::find().filter(audit_event::Column::Id.is_in(ids));
        let events = events.all(&self.reader).await?.into_iter();
        let mut events: HashMap<String, audit_event::Model> =
            events.map(|event| (event.id.clone(), event)).collect();
        let damaged = |_| StoreError::Damaged(format!("a number in the audit chain of {organization}"));
        let link = |link: audit_link::Model| {
            Ok(Link {
                number: u64::try_from(link.number).map_err(damaged)?,
                recorded: events.remove(&link.event_id).map(Recorded::from),
                event: link.event_id,
                line: link.line,
                hash: link.hash,
            })
        };
        links.into_iter().map(link).collect()
    }

    /// Where the lines of up to `limit` events are that come after an event, of all organizations, in the order of
    /// their ids.
    pub async fn whereabouts_after(&self, event: &str, limit: u16) -> Result<Vec<Whereabouts>, StoreError> {
        let sql = statements::whereabouts(limit);
        let statement = Statement::from_sql_and_values(self.backend(), sql, [event.into()]);
        let rows = self.reader.query_all_raw(statement).await?;
        Ok(rows.iter().map(|row| Whereabouts::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    /// Up to a hundred events of an organization that wait to be chained and are not in the log any more.
    pub async fn gone_before_chained(&self, organization: &str) -> Result<Vec<String>, StoreError> {
        let sql = statements::GONE_BEFORE_CHAINED;
        let statement = Statement::from_sql_and_values(self.backend(), sql, [organization.into()]);
        let rows = self.reader.query_all_raw(statement).await?;
        Ok(rows.iter().map(|row| row.try_get("", "event_id")).collect::<Result<_, _>>()?)
    }
}

/// Chains up to a batch of an organization's events that wait, in the order of their ids. Returns how many. What comes
/// after it in the transaction must not lock what a change locks.
pub(super) async fn append_waiting(on: &Transaction, organization: &str) -> Result<u64, StoreError> {
    let mut after = String::new();
    loop {
        let waiting: Vec<String> = audit_pending::Entity::find()
            .select_only()
            .column(audit_pending::Column::EventId)
            .filter(audit_pending::Column::OrganizationId.eq(organization))
            .filter(audit_pending::Column::EventId.gt(&after))
            .order_by_asc(audit_pending::Column::EventId)
            .limit(BATCH)
            .into_tuple()
            .all(on)
            .await?;
        let Some(last) = waiting.last() else { return Ok(0) };
        let found = audit_event::Entity::find()
            .filter(audit_event::Column::Id.is_in(&waiting))
            .order_by_asc(audit_event::Column::Id);
        let first = found.clone().one(on).await?;
        match first {
            // An event that is gone keeps its row, so that `admin audit verify` finds it.
            None => after.clone_from(last),
            Some(first) => {
                let head = lock_head(on, organization, first.created_at).await?;
                return append(on, head, &waiting).await;
            }
        }
    }
}

/// Locks the end of a chain. If there is none, the chain begins, and covers what is recorded since `covers_from`.
pub(super) async fn lock_head(
    on: &Transaction,
    organization: &str,
    covers_from: OffsetDateTime,
) -> Result<ChainEnds, StoreError> {
    let begun = audit_head::ActiveModel {
        organization_id: Set(organization.to_owned()),
        number: Set(0),
        hash: Set(Head::NONE.hash.to_string()),
        begins_after_number: Set(0),
        begins_after_hash: Set(Head::NONE.hash.to_string()),
        covers_from: Set(covers_from),
        streamed: Set(0),
    };
    let mut keep_what_is_there = OnConflict::column(audit_head::Column::OrganizationId);
    keep_what_is_there.do_nothing();
    let beginning = audit_head::Entity::insert(begun).on_conflict(keep_what_is_there);
    beginning.exec_without_returning(on).await?;
    let locked = audit_head::Entity::find_by_id(organization).lock_exclusive().one(on).await?;
    locked
        .ok_or_else(|| StoreError::Damaged(format!("no head of the audit chain of {organization}")))?
        .try_into()
}

/// Appends those of the events that still wait: another server may have chained them before the head was locked.
async fn append(on: &Transaction, chain: ChainEnds, waiting: &[String]) -> Result<u64, StoreError> {
    let organization = chain.organization;
    let still: Vec<String> = audit_pending::Entity::find()
        .select_only()
        .column(audit_pending::Column::EventId)
        .filter(audit_pending::Column::OrganizationId.eq(&organization))
        .filter(audit_pending::Column::EventId.is_in(waiting))
        .into_tuple()
        .all(on)
        .await?;
    let events = audit_event::Entity::find()
        .filter(audit_event::Column::Id.is_in(&still))
        .order_by_asc(audit_event::Column::Id)
        .all(on)
        .await?;
    let (mut head, mut links) = (chain.head, Vec::new());
    for event in events {
        let event_id = event.id.clone();
        let line = Line::of(&event.into(), Some(head)).write();
        let line = line.map_err(|error| StoreError::Damaged(format!("audit event {event_id}: {error}")))?;
        head = head.followed_by(&line);
        let (organization_id, hash) = (organization.clone(), head.hash.to_string());
        let number = number(head)?;
        links.push(audit_link::Model { organization_id, number, event_id, line, hash });
    }
    let chained: Vec<String> = links.iter().map(|link| link.event_id.clone()).collect();
    if chained.is_empty() {
        return Ok(0);
    }
    let links = links.into_iter().map(sea_orm::IntoActiveModel::into_active_model);
    audit_link::Entity::insert_many::<audit_link::ActiveModel, _>(links).exec_without_returning(on).await?;
    audit_pending::Entity::delete_many()
        .filter(audit_pending::Column::OrganizationId.eq(&organization))
        .filter(audit_pending::Column::EventId.is_in(&chained))
        .exec(on)
        .await?;
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Number, number(head)?.into())
        .col_expr(audit_head::Column::Hash, head.hash.to_string().into())
        .filter(audit_head::Column::OrganizationId.eq(&organization))
        .exec(on)
        .await?;
    Ok(chained.len() as u64)
}

/// Locks a chain and keeps that it begins after the last line before the first whose event stays: one whose id is at
/// least `first_kept`. `None`: nothing of it is removed that was not removed before.
pub(super) async fn cut(
    on: &Transaction,
    organization: &str,
    first_kept: &str,
) -> Result<Option<Head>, StoreError> {
    let chain = lock_head(on, organization, OffsetDateTime::UNIX_EPOCH).await?;
    let links = || audit_link::Entity::find().filter(audit_link::Column::OrganizationId.eq(organization));
    let kept = links()
        .filter(audit_link::Column::Number.gt(number(chain.begins_after)?))
        .filter(audit_link::Column::EventId.gte(first_kept))
        .order_by_asc(audit_link::Column::Number)
        .one(on)
        .await?;
    let last = kept.map_or(number(chain.head)?, |kept| kept.number - 1);
    let old = links()
        .filter(audit_link::Column::Number.gt(number(chain.begins_after)?))
        .filter(audit_link::Column::Number.lte(last))
        .order_by_desc(audit_link::Column::Number);
    let Some(cut) = old.one(on).await? else { return Ok(None) };
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::BeginsAfterNumber, cut.number.into())
        .col_expr(audit_head::Column::BeginsAfterHash, cut.hash.clone().into())
        .filter(audit_head::Column::OrganizationId.eq(organization))
        .exec(on)
        .await?;
    let damaged =
        || StoreError::Damaged(format!("number {} of the audit chain of {organization}", cut.number));
    let number = u64::try_from(cut.number).map_err(|_| damaged())?;
    Ok(Some(Head { number, hash: cut.hash.parse().map_err(|_| damaged())? }))
}

/// Deletes the lines of the events after `after` up to `last`, up to where their chains are cut.
pub(super) async fn delete_links(on: &Transaction, after: &str, last: &str) -> Result<(), StoreError> {
    let values = [after.into(), last.into()];
    let statement =
        Statement::from_sql_and_values(on.get_database_backend(), statements::DELETE_LINKS, values);
    on.execute_raw(statement).await?;
    Ok(())
}

/// A head's number as the database has it.
fn number(head: Head) -> Result<i64, StoreError> {
    i64::try_from(head.number)
        .map_err(|_| StoreError::Damaged("the number of a chain is too high".to_owned()))
}
