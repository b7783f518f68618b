//! Listens to PostgreSQL: hears at once what other replicas change, and when the database goes and comes back.

use std::time::Duration;

use super::{Backoff, Job, Next};
use crate::store::{ListenError, Store};

/// The pauses between tries to connect: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Keeps a connection that listens, as long as there is a database that can be listened to.
#[derive(Debug)]
pub struct DatabaseWatch<F> {
    /// The database.
    pub store: Store,
    /// Called when keys may have been changed by somebody.
    pub keys_changed: F,
}

impl<F: Fn() + Send + 'static> Job for DatabaseWatch<F> {
    type Error = ListenError;
    const NAME: &'static str = "database_watch";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::new(PAUSES.0, PAUSES.1)
    }

    /// Lasts as long as the connection does.
    async fn round(&mut self) -> Result<Next, ListenError> {
        let Some(mut listener) = self.store.listen().await? else { return Ok(Next::WhenWoken) };
        // What was told before is lost.
        (self.keys_changed)();
        while listener.wait_for_key_change().await {
            (self.keys_changed)();
        }
        // Somebody may cut it off again and again: that is not to keep two machines busy.
        Ok(Next::Every(PAUSES.0))
    }

    /// The store itself tells when the database goes away, and when it is back.
    fn report_failure(&self, error: &ListenError) {
        if let ListenError::Refused(error) = error {
            tracing::warn!(%error, "changes of API keys are asked for and not heard of: no connection can be had");
        }
    }

    fn report_recovery(&self) {}
}
