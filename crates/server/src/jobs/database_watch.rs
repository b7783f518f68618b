//! Listens to PostgreSQL. It learns at once what other replicas change, and when the database goes away and comes back.

use std::time::Duration;

use super::{Backoff, Job, Next};
use crate::store::{ListenError, Store};

/// The first and the longest pause between attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Keeps a listening connection to the database. Does nothing on SQLite.
#[derive(Debug)]
pub struct DatabaseWatch<F> {
    /// The database.
    pub store: Store,
    /// Called when API keys may have changed.
    pub keys_changed: F,
}

impl<F: Fn() + Send + 'static> Job for DatabaseWatch<F> {
    type Error = ListenError;
    const NAME: &'static str = "database_watch";
    const IS_CANCELLABLE: bool = true;

    fn backoff(&self) -> Backoff {
        Backoff::new(PAUSES.0, PAUSES.1)
    }

    /// A round lasts as long as the connection.
    async fn round(&mut self) -> Result<Next, ListenError> {
        let Some(mut listener) = self.store.listen().await? else { return Ok(Next::WhenWoken) };
        // Earlier notifications are lost.
        (self.keys_changed)();
        while listener.wait_for_key_change().await {
            (self.keys_changed)();
        }
        // If the connection is cut again and again, the pause keeps the load on both machines low.
        Ok(Next::Every(PAUSES.0))
    }

    /// The store logs when the database goes away and when it is back.
    fn report_failure(&self, error: &ListenError) {
        if let ListenError::Refused(error) = error {
            tracing::warn!(%error, "no connection for notifications: this server polls the database for changed API keys until it gets one");
        }
    }

    fn report_recovery(&self) {}
}
