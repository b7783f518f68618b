//! The service for requests with an `Idempotency-Key`: what they were answered, and who works on them.
//!
//! Answers are stored sealed. A secret that only the first answer shows is not even in what is sealed: who remembers an
//! answer leaves it out.

use std::{sync::Arc, time::Duration};

use integrations_core::ids::LeaseId;
use secrecy::ExposeSecret as _;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    environment::Environment,
    store::{Earlier, KeyedRequest, RememberedAnswer, Store, StoreError},
    vault::{Purpose, Vault, VaultError},
};

/// How long a request may work before another takes over. It is longer than most requests may take, and short enough
/// for a client that tries again after its server died.
const LEASE: Duration = Duration::from_mins(1);

/// What came of an earlier request with the same key.
#[derive(Debug)]
pub enum Repeat<A> {
    /// There was none.
    First,
    /// It said something else.
    Other,
    /// It is not answered yet.
    UnderWay,
    /// It was answered with this.
    Answered(A),
}

/// An earlier answer could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RepeatError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What was sealed is not an answer.
    #[error("a remembered answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// A request that this process works on.
#[derive(Debug)]
pub struct Leased {
    request: KeyedRequest,
    lease: LeaseId,
}

/// Requests with an `Idempotency-Key`.
#[derive(Debug)]
pub struct Idempotency {
    store: Store,
    vault: Arc<Vault>,
    environment: Environment,
}

impl Idempotency {
    /// Those whose answers are in `store`.
    pub fn new(store: Store, vault: Arc<Vault>, environment: Environment) -> Self {
        Self { store, vault, environment }
    }

    /// What came of an earlier request with the same key.
    pub async fn earlier<A: DeserializeOwned>(
        &self,
        request: &KeyedRequest,
    ) -> Result<Repeat<A>, RepeatError> {
        let earlier = self.store.earlier_request(request, self.environment.now()).await?;
        Ok(match earlier {
            None => Repeat::First,
            Some(Earlier::Other) => Repeat::Other,
            Some(Earlier::UnderWay) => Repeat::UnderWay,
            Some(Earlier::Answered(answer)) => {
                let opened = self.vault.open(&answer.sealed, Purpose::Answer(&answer.request))?;
                Repeat::Answered(serde_json::from_slice(opened.expose_secret())?)
            }
        })
    }

    /// The answer to a request, sealed, to be stored in the transaction of its change.
    pub fn remembered(
        &self,
        request: &KeyedRequest,
        answer: &impl Serialize,
    ) -> Result<RememberedAnswer, serde_json::Error> {
        let sealed = self.vault.seal(&serde_json::to_vec(answer)?, Purpose::Answer(request));
        Ok(RememberedAnswer { request: request.clone(), sealed, at: self.environment.now() })
    }

    /// Takes a request to work on it. `None`: another one with the same key was first.
    pub async fn lease(&self, request: KeyedRequest) -> Result<Option<Leased>, StoreError> {
        let (lease, now) = (self.environment.id(), self.environment.now());
        let is_ours = self.store.lease_idempotency_key(&request, lease, now, now + LEASE).await?;
        Ok(is_ours.then_some(Leased { request, lease }))
    }

    /// Remembers the answer to a leased request. If the lease has ended and another request took over, that one's
    /// answer is remembered.
    pub async fn answer(&self, leased: &Leased, answer: &impl Serialize) -> Result<(), RepeatError> {
        let remembered = self.remembered(&leased.request, answer)?;
        if !self.store.answer_leased(leased.lease, remembered).await? {
            tracing::warn!(
                "a request with an Idempotency-Key outlasted its lease, and another one took over"
            );
        }
        Ok(())
    }

    /// Forgets a leased request that changed nothing.
    pub async fn free(&self, leased: &Leased) -> Result<(), StoreError> {
        self.store.free_idempotency_key(&leased.request.id, leased.lease).await
    }
}
