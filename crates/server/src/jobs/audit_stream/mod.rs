//! Sends the audit log to where the operator collects logs: a file, syslog or HTTPS.
//!
//! One server at a time sends, under a lease. It sends the lines of each chain in the order of their numbers, and keeps
//! the last number after the target took them. If it dies before that, the next one sends them again. Nothing else
//! waits for the target.

mod failures;
mod send;
mod syslog;
mod target;

use std::time::Duration;

use integrations_core::ids::LeaseId;

pub use self::{
    failures::StreamError,
    target::{InvalidTarget, StreamSettings, StreamTarget, Transport},
};
use self::{failures::Unsent, send::Sender};
use super::{Backoff, Job, Next};
use crate::{
    environment::Environment,
    metrics::Metrics,
    provider::outbound::Outbound,
    store::{Store, StoreError, Unstreamed},
};

/// How often a server looks for what is to be sent.
const PERIOD: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a server has to send a batch. It is longer than any target may take.
const LEASE: Duration = Duration::from_mins(2);
/// How many events are sent at once.
const BATCH: u64 = 200;

/// The job that sends.
#[derive(Debug)]
pub struct AuditStream {
    store: Store,
    environment: Environment,
    metrics: Metrics,
    sender: Sender,
    me: LeaseId,
}

/// A round ended early.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target did not take a batch.
    #[error("the target of RIQ_AUDIT_STREAM {0}; its events are kept and sent later")]
    Target(#[from] Unsent),
}

impl AuditStream {
    /// A job that sends to a target.
    pub fn new(
        settings: StreamSettings,
        store: Store,
        environment: Environment,
        metrics: Metrics,
        outbound: &Outbound,
    ) -> Result<Self, StreamError> {
        let sender = Sender::new(settings, outbound)?;
        let me = environment.id();
        Ok(Self { store, environment, metrics, sender, me })
    }

    /// Takes or prolongs the lease.
    async fn lease(&self) -> Result<bool, StoreError> {
        let now = self.environment.now();
        self.store.lease_audit_stream(self.me, now, now + LEASE).await
    }

    /// Sends a batch of each chain. Returns the chains that may have more; none if the lease went to another server.
    async fn send_batches(&self, chains: Vec<Unstreamed>) -> Result<Vec<Unstreamed>, RoundError> {
        let mut with_more = Vec::new();
        for chain in chains {
            if !self.lease().await? {
                return Ok(Vec::new());
            }
            let lines = self.store.lines_to_stream(&chain, BATCH).await?;
            let Some((last, _)) = lines.last() else { continue };
            let last = *last;
            let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
            self.sender.send(&chain.organization, &lines).await?;
            match self.store.keep_streamed(self.me, chain, last).await? {
                Some(chain) if lines.len() as u64 == BATCH => with_more.push(chain),
                Some(_) => {}
                None => return Ok(Vec::new()),
            }
        }
        Ok(with_more)
    }

    /// Shows how much was not sent.
    async fn measure(&self) -> Result<(), StoreError> {
        let unsent = self.store.unsent().await?;
        let age = unsent.oldest.map(|oldest| self.environment.now() - oldest);
        let age = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
        self.metrics.audit_stream(unsent.events, age);
        Ok(())
    }
}

impl Job for AuditStream {
    type Error = RoundError;
    const NAME: &'static str = "audit_stream";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::new(PERIOD, LONGEST_PAUSE)
    }

    async fn round(&mut self) -> Result<Next, RoundError> {
        self.measure().await?;
        let mut chains = self.store.unstreamed().await?;
        let had_some = !chains.is_empty();
        while !chains.is_empty() {
            chains = self.send_batches(chains).await?;
        }
        if had_some {
            self.measure().await?;
        }
        Ok(Next::Every(PERIOD))
    }

    async fn finish(self) {
        // Without this, the next server waits for the end of the lease.
        if let Err(error) = self.store.end_audit_stream_lease(self.me).await {
            tracing::debug!(%error, "the lease of the audit stream was not given back");
        }
    }
}
