//! Gives back leases without a result to record, many in one transaction.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use crate::{
    jobs::{Backoff, retry_until},
    store::{Release, Store},
};

/// The most leases in one transaction.
const BATCH: usize = 512;
/// How long to retry. Leases that are not given back end by themselves.
const PATIENCE: Duration = Duration::from_secs(2);
/// The first and the longest pause between attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(800));

/// Takes leases that are to be given back.
#[derive(Clone, Debug)]
pub(super) struct ReleaseQueue(mpsc::Sender<Release>);

impl ReleaseQueue {
    /// Starts a queue and its task. The task ends when every clone of the queue is dropped and every lease in it is
    /// given back.
    pub(super) fn start(store: Store) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(BATCH * 2);
        (Self(sender), tokio::spawn(release_all(store, receiver)))
    }

    /// Gives a lease back soon.
    pub(super) async fn push(&self, release: Release) {
        // Fails only if the task panicked. The lease then ends by itself.
        drop(self.0.send(release).await);
    }
}

/// While one batch is written, the next one collects. This is not a job of the runner: it waits for leases and not for
/// times, and it must outlive the work in progress when the server stops.
async fn release_all(store: Store, mut receiver: mpsc::Receiver<Release>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let released = retry_until(Instant::now() + PATIENCE, backoff, || store.release(&batch)).await;
        if let Err(error) = released {
            tracing::warn!(%error, leases = batch.len(), "leases could not be given back; they end by themselves");
        }
        batch.clear();
    }
}
