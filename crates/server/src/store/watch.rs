//! Watching over the connection to PostgreSQL: hears at once what other replicas change, and when the database goes.
//!
//! One connection that listens (`LISTEN`, `NOTIFY`) tells both. Where it is lost, a job makes it anew, and until that
//! succeeds the database counts as away ([`Reachability`]). Notifications that came meanwhile are lost.

use std::{io, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Store, error::is_away, reachability::Reachability};

/// The channel on which it is told that a key was revoked, or given another tier. A name is one database's own.
const KEYS_CHANGED: &str = "riq_api_keys";
/// How long one try to connect may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a report of a lost connection is looked into at most: on an overloaded database there are many.
const BETWEEN_CHECKS: Duration = Duration::from_secs(1);

/// Tells every replica, once the transaction is committed, that keys were changed in it. Without effect on SQLite.
pub(super) async fn notify_keys_changed(on: &impl ConnectionTrait) -> Result<(), DbErr> {
    if on.get_database_backend() == DbBackend::Postgres {
        on.execute_unprepared(&format!("NOTIFY {KEYS_CHANGED}")).await?;
    }
    Ok(())
}

/// A connection to listen with cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The database is away.
    #[error(transparent)]
    Away(sqlx::Error),
    /// The database answers, but not us: whoever has a connection can still use it.
    #[error(transparent)]
    Refused(sqlx::Error),
}

/// Hears what other replicas change, as long as its connection lasts.
#[derive(Debug)]
pub struct Listener {
    connection: PgListener,
    reachability: Reachability,
    connected: Instant,
}

impl Store {
    /// Connects to hear what other replicas change, and finds out by that whether the database is there. `None` on
    /// SQLite, where the database is a file, and nobody tells of changes.
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
                    tracing::warn!(%error, "the database is away: requests are answered 503 until it is back");
                }
                Err(ListenError::Away(error))
            }
            Err(error) => {
                self.mark_reachable();
                Err(ListenError::Refused(error))
            }
        }
    }

    /// Reports a lost connection, or one that does not answer: it is looked into whether the database is there.
    pub fn report_lost_connection(&self) {
        self.reachability.report_lost_connection();
    }

    /// The database was met: connections from before it may be broken.
    fn mark_reachable(&self) {
        self.read_pool.forget_idle();
        if self.reachability.mark_reachable() {
            tracing::info!("the database is back");
        }
    }
}

impl Listener {
    /// Waits until keys may have been changed. `false`: the connection is lost, or somebody else reports one
    /// that is.
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
        // A pool tries again and again, and at the end only knows that it took too long: one plain try comes first.
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
