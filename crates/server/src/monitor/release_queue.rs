//! Gives back leases on which there is nothing to record, many in one transaction.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use crate::{
    jobs::{Backoff, retry_until},
    store::{Release, Store},
};

/// The most leases in one transaction.
const BATCH: usize = 512;
/// How long it is tried: leases that are not given back end by themselves.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pauses between tries: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(800));

/// Takes leases to give back.
#[derive(Clone, Debug)]
pub(super) struct ReleaseQueue(mpsc::Sender<Release>);

impl ReleaseQueue {
    /// A queue, and its task, which ends when the last queue is gone and every lease in it is given back.
    pub(super) fn start(store: Store) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(BATCH * 2);
        (Self(sender), tokio::spawn(release_all(store, receiver)))
    }

    /// Gives a lease back, soon.
    pub(super) async fn push(&self, release: Release) {
        // Fails where the task is gone, by a panic: the lease then ends by itself.
        drop(self.0.send(release).await);
    }
}

/// While one batch is written the next one gathers. No job of the runner: it goes by what comes, not by the clock,
/// and a stop must not end it before the work that is under way has ended.
async fn release_all(store: Store, mut receiver: mpsc::Receiver<Release>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let released = retry_until(Instant::now() + PATIENCE, backoff, || store.release(&batch)).await;
        if let Err(error) = released {
            tracing::warn!(%error, leases = batch.len(), "leases are not given back; they end by themselves");
        }
        batch.clear();
    }
}
