//! Watches the connection to PostgreSQL. It learns at once what other replicas change, and when the database goes away.
//!
//! One listening connection (`LISTEN`, `NOTIFY`) serves both. If it is lost, a job reconnects, and until that succeeds
//! the database counts as away ([`Reachability`]). Notifications are lost in the meantime.

use std::{io, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Store, error::is_away, reachability::Reachability};

/// The channel that says that a key was revoked or given another tier. Channels of different databases are separate.
const KEYS_CHANGED: &str = "riq_api_keys";
/// How long one attempt to connect may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The shortest time between two checks. On an overloaded database there are many reports of lost connections.
const BETWEEN_CHECKS: Duration = Duration::from_secs(1);

/// Notifies every replica that keys were changed, once the transaction is committed. Does nothing on SQLite.
pub(super) async fn notify_keys_changed(on: &impl ConnectionTrait) -> Result<(), DbErr> {
    if on.get_database_backend() == DbBackend::Postgres {
        on.execute_unprepared(&format!("NOTIFY {KEYS_CHANGED}")).await?;
    }
    Ok(())
}

/// A listening connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The database is away.
    #[error(transparent)]
    Away(sqlx::Error),
    /// The database answers but refuses this connection. Existing connections can still be used.
    #[error(transparent)]
    Refused(sqlx::Error),
}

/// Receives the changes of other replicas, as long as its connection lasts.
#[derive(Debug)]
pub struct Listener {
    connection: PgListener,
    reachability: Reachability,
    connected: Instant,
}

impl Store {
    /// Connects to receive the changes of other replicas, and records whether the database can be reached. `None` on
    /// SQLite, where the database is a file and sends no notifications.
    pub async fn listen(&self) -> Result<Option<Listener>, ListenError> {
        let Some(address) = &self.postgres else { return Ok(None) };
        match connect(address).await {
            Ok(connection) => {
                self.mark_reachable();
                let reachability = self.reachability.clone();
                Ok(Some(Listener { connection, reachability, connected: Instant::now() }))
            }
            Err(error) if is_away(&error) => {
                if self.reachability.mark_away() {
                    tracing::warn!(%error, "the database is away: requests get 503 until it is back");
                }
                Err(ListenError::Away(error))
            }
            Err(error) => {
                self.mark_reachable();
                Err(ListenError::Refused(error))
            }
        }
    }

    /// Reports a connection that is lost or does not answer, so that it is checked whether the database is away.
    pub fn report_lost_connection(&self) {
        self.reachability.report_lost_connection();
    }

    /// Records that the database answers, and closes idle connections, which may be broken.
    fn mark_reachable(&self) {
        self.read_pool.forget_idle();
        if self.reachability.mark_reachable() {
            tracing::info!("the database is back");
        }
    }
}

impl Listener {
    /// Waits until keys may have changed. `false`: the connection is lost, or another call reports a lost connection.
    pub async fn wait_for_key_change(&mut self) -> bool {
        let reported = async {
            sleep_until(self.connected + BETWEEN_CHECKS).await;
            self.reachability.lost_connection_reported().await;
        };
        tokio::select! {
            heard = self.connection.try_recv() => matches!(heard, Ok(Some(_))),
            () = reported => false,
        }
    }
}

async fn connect(address: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let connecting = async {
        // A pool retries until its time is over and then reports only a timeout. One direct attempt reports the cause.
        PgConnection::connect_with(address).await?.close().await?;
        let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(address.clone())).await?;
        listener.eager_reconnect(false);
        listener.listen(KEYS_CHANGED).await?;
        Ok(listener)
    };
    let no_answer = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer within 5 s"));
    timeout(PATIENCE, connecting).await.map_err(no_answer)?
}
