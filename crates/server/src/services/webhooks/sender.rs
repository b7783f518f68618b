//! Sends what is due in the outbox.

use std::{sync::Arc, time::Duration};

use integrations_core::ids::EventId;
use tokio::{
    sync::{Semaphore, mpsc},
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use super::{Webhooks, message::Message};
use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next, retry_until},
    store::{Attempts, Due, Store, StoreError},
};

/// How many messages may be under way. A receiver that does not answer holds a place for as long as a request may
/// take.
const PLACES: usize = 4_096;
/// The most messages that are claimed at once.
const CLAIM: usize = 512;
/// How long a replica may take for a message, beyond the time that a receiver may take: to store what came of it.
const TO_SETTLE: Duration = Duration::from_secs(8);
/// The pause between two looks for what is due: what another replica has put into the outbox waits for it.
const POLL: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long is waited for more, once there is something to send or to store: what comes meanwhile goes along, and one
/// statement does for all of it.
const GATHER: Duration = Duration::from_millis(30);
/// How often it is looked for streams that were put aside without reason.
const RESUME: Duration = Duration::from_secs(30);
/// How often it is measured how long what is due waits. Under load there are many rounds a second.
const MEASURE: Duration = Duration::from_secs(1);
/// The most streams whose attempts are stored in one transaction.
const BATCH: usize = 64;
/// How long is tried to store what came of attempts. After that they are made again, when their leases end.
const PATIENCE: Duration = Duration::from_secs(6);

/// The job that sends what is due.
#[derive(Debug)]
pub struct DeliveryWork {
    webhooks: Webhooks,
    places: Arc<Semaphore>,
    under_way: JoinSet<()>,
    ended: mpsc::Sender<Vec<Attempts>>,
    settling: JoinHandle<()>,
    resumed: Option<Instant>,
    measured: Option<Instant>,
}

impl Webhooks {
    /// The job that sends what is due. Call inside the runtime.
    pub fn delivery_work(&self) -> DeliveryWork {
        let (ended, receiver) = mpsc::channel(BATCH * 4);
        let settling = tokio::spawn(settle_all(self.store.clone(), self.environment.clone(), receiver));
        DeliveryWork {
            webhooks: self.clone(),
            places: Arc::new(Semaphore::new(PLACES)),
            under_way: JoinSet::new(),
            ended,
            settling,
            resumed: None,
            measured: None,
        }
    }
}

impl Job for DeliveryWork {
    type Error = StoreError;
    const NAME: &'static str = "webhook_deliveries";

    fn backoff(&self) -> Backoff {
        Backoff::new(POLL, LONGEST_PAUSE)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        while self.under_way.try_join_next().is_some() {}
        let Webhooks { store, environment, metrics, .. } = self.webhooks.clone();
        let now = environment.now();
        if self.resumed.is_none_or(|resumed| resumed.elapsed() >= RESUME) {
            // On what may be a copy of a database nothing is sent: the original sends it.
            if store.quiet_since().await?.is_some() {
                return Ok(Next::In(LONGEST_PAUSE));
            }
            store.resume_streams(now).await?;
            self.resumed = Some(Instant::now());
        }
        let limit = self.places.available_permits().min(CLAIM);
        let due = match u32::try_from(limit).unwrap_or(0) {
            0 => Vec::new(),
            limit => {
                // The last message of a stream begins within the time of one.
                let end = now + self.webhooks.receivers.timeout() * 2 + TO_SETTLE;
                store.claim_deliveries(environment.id(), now, end, limit).await?
            }
        };
        if self.measured.is_none_or(|measured| measured.elapsed() >= MEASURE) {
            let oldest = store.oldest_due_delivery(now).await?;
            let age = oldest.and_then(|oldest| (now - oldest).try_into().ok());
            metrics.delivery_age(age.unwrap_or_default());
            self.measured = Some(Instant::now());
        }
        let is_full = limit > 0 && due.len() == limit;
        for stream in due {
            self.begin(stream).await;
        }
        Ok(Next::In(if is_full { Duration::ZERO } else { POLL }))
    }

    async fn woken(&mut self) {
        self.webhooks.store.outbox_filled().await;
        tokio::time::sleep(GATHER).await;
    }

    /// Waits for the messages under way, and stores what came of them.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
        drop(self.ended);
        // An error means that the task panicked, which has been logged.
        drop(self.settling.await);
    }

    fn report_failure(&self, error: &StoreError) {
        tracing::warn!(%error, "reading which webhooks are due failed; it will be tried again");
    }

    fn report_recovery(&self) {
        tracing::info!("webhooks are sent again");
    }
}

impl DeliveryWork {
    async fn begin(&mut self, stream: Vec<Due>) {
        // There are as many places as were claimed, and nobody closes them.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        let (webhooks, ended) = (self.webhooks.clone(), self.ended.clone());
        self.under_way.spawn(async move {
            let _place = place;
            let attempts = webhooks.attempt_in_order(stream).await;
            // It fails only if the task that settles panicked. The lease then ends by itself.
            drop(ended.send(attempts).await);
        });
    }
}

impl Webhooks {
    /// Sends the messages of a stream one after another, until one does not arrive or the time of one is over.
    async fn attempt_in_order(&self, stream: Vec<Due>) -> Vec<Attempts> {
        let (began, mut attempts) = (Instant::now(), Vec::with_capacity(stream.len()));
        for due in stream {
            let attempted = self.attempt(due).await;
            let arrived = attempted.made.as_ref().is_some_and(|(_, made)| made.outcome.is_success());
            attempts.push(attempted);
            if !arrived || began.elapsed() >= self.receivers.timeout() {
                break;
            }
        }
        attempts
    }

    async fn attempt(&self, due: Due) -> Attempts {
        let at = self.environment.now();
        let Ok(event) = due.event.parse::<EventId>() else { return Attempts { due, made: None } };
        let body = match self.complete(&due).await {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, webhook = %due.webhook, "a message to a webhook cannot be made yet");
                return Attempts { due, made: None };
            }
        };
        let message = Message {
            event,
            kind: due.kind,
            body: &body,
            url: &due.url,
            attempt: due.attempts.saturating_add(1),
            is_redelivery: due.redelivered_after.is_some(),
        };
        let made = match self.send(message, &due.secrets).await {
            Ok(attempted) => {
                self.metrics.delivery_attempted(&attempted);
                Some((at, attempted))
            }
            Err(error) => {
                tracing::error!(%error, webhook = %due.webhook, "a message to a webhook cannot be sent yet");
                None
            }
        };
        Attempts { due, made }
    }
}

/// While one batch is written, the next one collects. It must outlive the work in progress when the server stops, so
/// it is not a job of the runner.
async fn settle_all(store: Store, environment: Environment, mut ended: mpsc::Receiver<Vec<Attempts>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while ended.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() < BATCH {
            tokio::time::sleep(GATHER).await;
            while batch.len() < BATCH
                && let Ok(more) = ended.try_recv()
            {
                batch.push(more);
            }
        }
        let attempts: Vec<Attempts> = batch.drain(..).flatten().collect();
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let settled = retry_until(Instant::now() + PATIENCE, backoff, || {
            store.settle_deliveries(attempts.clone(), environment.now(), || environment.id())
        });
        if let Err(error) = settled.await {
            tracing::warn!(
                %error,
                messages = attempts.len(),
                "what came of messages to webhooks could not be stored; they are sent again"
            );
        }
    }
}
