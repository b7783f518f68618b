//! Work that the replicas share by claiming pieces of it that are due.

use std::{future::Future, time::Duration};

use tokio::task::JoinSet;

use super::{Backoff, Job, Next};
use crate::store::StoreError;

/// The time between two queries for what is due.
const PERIOD: Duration = Duration::from_secs(1);
/// The same while more is due than may be under way.
const PERIOD_WHILE_DUE: Duration = Duration::from_millis(50);
/// The most pieces that are under way on one replica.
const UNDER_WAY: usize = 16;

/// Work that comes in pieces. A claim lapses by itself, so a piece whose replica dies is claimed again.
pub trait Pieces: Clone + Send + Sync + 'static {
    /// A claimed piece.
    type Claim: Send + 'static;

    /// The job's name in the log.
    const NAME: &'static str;

    /// Claims at most so many pieces that are due.
    fn claim(&self, most: u64) -> impl Future<Output = Result<Vec<Self::Claim>, StoreError>> + Send;

    /// Does a piece, and logs if what came of it could not be stored.
    fn work(self, claim: Self::Claim) -> impl Future<Output = ()> + Send;
}

/// The job that does what is due, on every replica.
#[derive(Debug)]
pub struct ClaimedWork<P> {
    pieces: P,
    under_way: JoinSet<()>,
}

impl<P: Pieces> ClaimedWork<P> {
    /// The job that does these pieces.
    pub fn new(pieces: P) -> Self {
        Self { pieces, under_way: JoinSet::new() }
    }
}

impl<P: Pieces> Job for ClaimedWork<P> {
    type Error = StoreError;
    const NAME: &'static str = P::NAME;

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        while self.under_way.try_join_next().is_some() {}
        let free = UNDER_WAY - self.under_way.len();
        if free == 0 {
            return Ok(Next::In(PERIOD_WHILE_DUE));
        }
        let claims = self.pieces.claim(free as u64).await?;
        let pause = if claims.len() < free { PERIOD } else { PERIOD_WHILE_DUE };
        for claim in claims {
            self.under_way.spawn(self.pieces.clone().work(claim));
        }
        Ok(Next::In(pause))
    }

    /// Waits for what is under way.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
    }
}
