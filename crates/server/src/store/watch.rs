//! Watches the connection to PostgreSQL. It learns at once what other replicas change, and when the database goes away.
//!
//! One listening connection (`LISTEN`, `NOTIFY`) serves both. If it is lost, a job reconnects, and until that succeeds
//! the database counts as away ([`Reachability`]). Notifications are lost in the meantime.
//!
//! Behind a pooler in transaction mode nothing can be listened to. Then the connection is only asked now and then
//! whether the database answers, unless an address to listen at is given.

use std::{io, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{Store, error::is_away, reachability::Reachability, watched::Watched};

/// The channel that says that a key was revoked or given another tier. Channels of different databases are separate.
const KEYS_CHANGED: &str = "riq_api_keys";
/// How long one attempt to connect may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a database that cannot be listened to is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_secs(1);
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
    connection: Connected,
    reachability: Reachability,
    connected: Instant,
}

#[derive(Debug)]
enum Connected {
    Listening(Box<PgListener>),
    /// To a pooler in transaction mode, which passes no notification on.
    Asking(PgConnection),
}

impl Store {
    /// Connects to receive the changes of other replicas, and records whether the database can be reached. `None` on
    /// SQLite, where the database is a file and sends no notifications.
    pub async fn listen(&self) -> Result<Option<Listener>, ListenError> {
        let Some(watched) = &self.watched else { return Ok(None) };
        match connect(watched).await {
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
            changed = self.connection.wait_for_change() => changed,
            () = reported => false,
        }
    }
}

impl Connected {
    /// Waits until keys may have changed. `false`: the connection is lost.
    async fn wait_for_change(&mut self) -> bool {
        match self {
            Self::Listening(listener) => matches!(listener.try_recv().await, Ok(Some(_))),
            Self::Asking(connection) => loop {
                sleep(ASK_EVERY).await;
                if !matches!(timeout(PATIENCE, ask(connection)).await, Ok(Ok(()))) {
                    return false;
                }
            },
        }
    }
}

/// Sees that PostgreSQL answers. A pooler may take connections although it does not.
async fn ask(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("SELECT 1").execute(connection).await.map(|_| ())
}

async fn connect(watched: &Watched) -> Result<Connected, sqlx::Error> {
    let connecting = async {
        // A pool retries until its time is over and then reports only a timeout. One direct attempt reports the cause.
        let mut connection = PgConnection::connect_with(&watched.address).await?;
        ask(&mut connection).await?;
        let Some(address) = &watched.listen else { return Ok(Connected::Asking(connection)) };
        connection.close().await?;
        let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(address.clone())).await?;
        listener.eager_reconnect(false);
        listener.listen(KEYS_CHANGED).await?;
        Ok(Connected::Listening(Box::new(listener)))
    };
    let no_answer = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer within 5 s"));
    timeout(PATIENCE, connecting).await.map_err(no_answer)?
}
