//! Gives back leases on which there is nothing to record, many in one transaction.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};

use crate::store::{Release, Store};

/// The most leases in one transaction.
const BATCH: usize = 512;
/// How often it is tried, and how long is waited in between: leases that are not given back end by themselves.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

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

/// While one batch is written the next one gathers.
async fn release_all(store: Store, mut receiver: mpsc::Receiver<Release>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        for attempt in 1..=ATTEMPTS {
            match store.release(&batch).await {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS => {
                    tracing::warn!(%error, leases = batch.len(), "leases are not given back; they end by themselves");
                }
                Err(_) => tokio::time::sleep(PAUSE * attempt).await,
            }
        }
        batch.clear();
    }
}
