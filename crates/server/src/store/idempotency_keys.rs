//! Requests with an `Idempotency-Key`, and what they were answered: so that a request that is repeated changes nothing
//! a second time.
//!
//! A change and its answer are stored in one transaction ([`remember`]), so neither is there without the other. Where
//! something is sent in between, a lease on the key comes first. Only who holds it stores the answer or frees the key.
//! If it ends without an answer, the next request with the key takes it over.

use integrations_core::ids::LeaseId;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, QueryFilter as _, Statement, Value,
};
use time::{Duration, OffsetDateTime};

use super::{
    Store, StoreError, entity::idempotency_key, in_order::locked_in_order, transaction::Transaction,
};

/// How long an answer is remembered. The contract sets it.
const LIFE: Duration = Duration::hours(24);

/// Takes a key that is free: new, expired, or left behind by somebody whose lease has ended. `$1` to `$7` are the
/// columns.
const TAKE: &str = "INSERT INTO idempotency_keys \
     (id, fingerprint, sealed_answer, lease, leased_until, created_at, expires_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7";
/// PostgreSQL: only if no other transaction is about to take it. Otherwise this would wait for that one's end.
const TAKE_AT_ONCE: &str = " WHERE pg_try_advisory_xact_lock($8)";
/// SQLite has one writer at a time. Its parser asks for a WHERE before the ON CONFLICT of a SELECT.
const TAKE_IN_TURN: &str = " WHERE TRUE";
const TAKE_AGAIN: &str = " ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, \
     sealed_answer = excluded.sealed_answer, lease = excluded.lease, leased_until = excluded.leased_until, \
     created_at = excluded.created_at, expires_at = excluded.expires_at \
     WHERE idempotency_keys.expires_at <= excluded.created_at \
     OR (idempotency_keys.leased_until <= excluded.created_at \
         AND idempotency_keys.fingerprint = excluded.fingerprint)";
/// Stores the answer of who holds the lease.
const ANSWER: &str = "UPDATE idempotency_keys SET sealed_answer = $3, lease = NULL, leased_until = NULL, \
     created_at = $4, expires_at = $5 WHERE id = $1 AND lease = $2";

/// What a request with an `Idempotency-Key` is recognized by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// A hash of the key with its caller and route: the same for every request that may be a repeat of this one.
    pub id: String,
    /// A hash of what the request says: another one is not a repeat.
    pub fingerprint: Vec<u8>,
}

/// An answer that is remembered for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedAnswer {
    /// What it answers.
    pub request: KeyedRequest,
    /// The answer, sealed by the vault.
    pub sealed: Vec<u8>,
    /// When it was given.
    pub at: OffsetDateTime,
}

/// What is there of an earlier request with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// It said something else.
    Other,
    /// It is not answered yet.
    UnderWay,
    /// It was answered with this.
    Answered(RememberedAnswer),
}

/// A row that takes a key.
struct Taking<'a> {
    request: &'a KeyedRequest,
    sealed_answer: Option<Vec<u8>>,
    lease: Option<(LeaseId, OffsetDateTime)>,
    at: OffsetDateTime,
}

impl TryFrom<idempotency_key::Model> for RememberedAnswer {
    type Error = StoreError;

    fn try_from(row: idempotency_key::Model) -> Result<Self, StoreError> {
        let sealed = row.sealed_answer;
        let sealed = sealed.ok_or_else(|| StoreError::Damaged(format!("idempotency key {}", row.id)))?;
        let request = KeyedRequest { id: row.id, fingerprint: row.fingerprint };
        Ok(Self { request, sealed, at: row.created_at })
    }
}

impl Store {
    /// What is there of an earlier request with the same key. `None`: nothing, so this one is the first.
    pub async fn earlier_request(
        &self,
        request: &KeyedRequest,
        now: OffsetDateTime,
    ) -> Result<Option<Earlier>, StoreError> {
        let found = idempotency_key::Entity::find_by_id(&request.id).one(&self.reader).await?;
        let Some(row) = found.filter(|row| now < row.expires_at) else { return Ok(None) };
        if row.fingerprint != request.fingerprint {
            return Ok(Some(Earlier::Other));
        }
        match row.leased_until {
            Some(end) => Ok((now < end).then_some(Earlier::UnderWay)),
            None => Ok(Some(Earlier::Answered(row.try_into()?))),
        }
    }

    /// Leases a key until `end`. `false`: another request has it.
    pub async fn lease_idempotency_key(
        &self,
        request: &KeyedRequest,
        lease: LeaseId,
        now: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let taking = Taking { request, sealed_answer: None, lease: Some((lease, end)), at: now };
        Ok(take(&self.writer, taking).await?)
    }

    /// Stores the answer of who holds the lease. `false`: the lease has ended, and another request took the key.
    pub async fn answer_leased(&self, lease: LeaseId, answer: RememberedAnswer) -> Result<bool, StoreError> {
        let RememberedAnswer { request, sealed, at } = answer;
        let end = at + LIFE;
        let values = [request.id.into(), lease.to_string().into(), sealed.into(), at.into(), end.into()];
        let statement = Statement::from_sql_and_values(self.backend(), ANSWER, values);
        Ok(self.writer.execute_raw(statement).await?.rows_affected() == 1)
    }

    /// Frees a key that this lease still holds, so that the next request is the first.
    pub async fn free_idempotency_key(&self, id: &str, lease: LeaseId) -> Result<(), StoreError> {
        idempotency_key::Entity::delete_by_id(id)
            .filter(idempotency_key::Column::Lease.eq(lease.to_string()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Deletes what expired before a given time. Returns how many. Nothing that a request may still ask for is among
    /// it, so a request and the sweep do not meet.
    pub async fn sweep_idempotency_keys(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        use idempotency_key::{Column, Entity};

        let swept = Entity::delete_many()
            .filter(locked_in_order::<Entity>(Column::Id, Column::ExpiresAt.lt(before)))
            .exec(&self.writer)
            .await?;
        Ok(swept.rows_affected)
    }
}

/// Stores the answer to a request with an `Idempotency-Key`, in the transaction of its change. It comes first in the
/// transaction, so that a repeat finds out before it does anything. Fails with [`StoreError::Repeated`] if a request
/// with the same key was first; the transaction must then be dropped.
pub(super) async fn remember(on: &Transaction, answer: Option<RememberedAnswer>) -> Result<(), StoreError> {
    let Some(RememberedAnswer { request, sealed, at }) = answer else { return Ok(()) };
    let taking = Taking { request: &request, sealed_answer: Some(sealed), lease: None, at };
    if take(on, taking).await? { Ok(()) } else { Err(StoreError::Repeated) }
}

/// Takes a key. `false`: it is not free.
async fn take(on: &impl ConnectionTrait, taking: Taking<'_>) -> Result<bool, sea_orm::DbErr> {
    let backend = on.get_database_backend();
    let (lease, end) = taking.lease.unzip();
    let mut values: Vec<Value> = vec![
        taking.request.id.clone().into(),
        taking.request.fingerprint.clone().into(),
        taking.sealed_answer.into(),
        lease.map(|lease| lease.to_string()).into(),
        end.into(),
        taking.at.into(),
        (taking.at + LIFE).into(),
    ];
    let condition = match backend {
        DbBackend::Postgres => {
            values.push(lock_number(taking.request).into());
            TAKE_AT_ONCE
        }
        _ => TAKE_IN_TURN,
    };
    let statement = Statement::from_sql_and_values(backend, [TAKE, condition, TAKE_AGAIN].concat(), values);
    Ok(on.execute_raw(statement).await?.rows_affected() == 1)
}

/// The number of PostgreSQL's lock for a key: a part of its hash.
fn lock_number(request: &KeyedRequest) -> i64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(request.id.bytes()).for_each(|(place, byte)| *place = byte);
    i64::from_be_bytes(bytes)
}
