//! Events that providers send: their addresses, the secrets that verify them, and what was taken.
//!
//! An event is stored once for each integration that it is of. Its row is the claim too: a repeat meets its `dedupe`.
//! What is told to webhooks is put into the outbox in the same transaction, without the provider's body, which goes
//! into the message when it is sent.
//!
//! On PostgreSQL the locks of a transaction are taken in this order, after those of integrations and monitors and
//! before those of the outbox: sources, what is used once, events.

mod event_reads;
mod former;
mod read;
mod received;
mod refusals;
mod retention;
mod secrets;
mod sources;
mod take;
mod targets;

pub(super) use self::{
    event_reads::EventReads,
    sources::{close, end},
    take::Takes,
};
pub use self::{
    former::{FormerIds, FormerSecret},
    read::{ProviderEventRow, SealedProviderEvent},
    received::EventAddress,
    refusals::{RefusalRow, Refused},
    secrets::{EventSecretRow, NewEventSecret},
    sources::{EventSourceRecord, NewPath, SealedPath, SourceOf},
    take::{NewProviderEvent, Stored, TakenRequest},
    targets::EventTarget,
};

use std::sync::Arc;

use self::take::Taking;
use super::{Store, StoreError};

impl Store {
    /// Stores the events of a request and what is told of them, in one transaction. Under load that is one transaction
    /// for many requests.
    pub async fn take_provider_events(&self, request: TakenRequest) -> Result<Stored, Arc<StoreError>> {
        self.takes.ask(Taking(Arc::new(request))).await
    }
}
