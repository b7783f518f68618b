//! Watching over the connection to PostgreSQL: hears at once what other replicas change, and when the database goes.
//!
//! One connection that listens (`LISTEN`, `NOTIFY`) tells both. Where it is lost, it is made anew with growing pauses,
//! and until that succeeds the database counts as away ([`Reachability`](super::reachability::Reachability)). Notifications that
//! came meanwhile are lost, so that whoever listens is told to look each time.

use std::{
    io,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::time::{sleep, timeout};

use super::{Store, error::is_away};
use crate::shutdown::Shutdown;

/// The channel on which it is told that a key was revoked, or given another tier. A name is one database's own.
const KEYS_CHANGED: &str = "riq_api_keys";
/// How long one try to connect may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause after the first failed try, and the longest: each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// How often a doubt is looked into at most: on an overloaded database there are many.
const BETWEEN_DOUBTS: Duration = Duration::from_secs(1);

/// Tells every replica, once the transaction is committed, that keys were changed in it. Without effect on SQLite.
pub(super) async fn tell_of_keys(on: &impl ConnectionTrait) -> Result<(), DbErr> {
    if on.get_database_backend() == DbBackend::Postgres {
        on.execute_unprepared(&format!("NOTIFY {KEYS_CHANGED}")).await?;
    }
    Ok(())
}

impl Store {
    /// Watches over the database until `stop`, and calls `keys_changed` when keys may have been changed by somebody.
    /// On SQLite there is nothing to watch: the database is a file, and nobody tells of changes.
    pub async fn watch(&self, keys_changed: impl Fn(), mut stop: Shutdown) {
        let Some(address) = &self.postgres else { return };
        let watching = async {
            loop {
                let mut listener = self.reach(address).await;
                keys_changed();
                let begun = Instant::now();
                self.listen(&mut listener, &keys_changed).await;
                if begun.elapsed() < BETWEEN_DOUBTS {
                    // Somebody cuts it off again and again: that is not to keep two machines busy.
                    sleep(PAUSES.0).await;
                }
            }
        };
        tokio::select! {
            () = watching => {}
            () = stop.requested() => {}
        }
    }

    /// Says that the database may have gone away: it is looked into.
    pub fn doubt(&self) {
        self.reachability.doubt();
    }

    /// Connects, however long it takes, and says meanwhile whether the database is there.
    async fn reach(&self, address: &PgConnectOptions) -> PgListener {
        let (mut pause, longest) = PAUSES;
        let mut is_deaf = false;
        loop {
            match connect(address).await {
                Ok(listener) => {
                    self.welcome();
                    return listener;
                }
                Err(error) if is_away(&error) => {
                    if self.reachability.left() {
                        tracing::warn!(%error, "the database is away: requests are answered 503 until it is back");
                    }
                }
                // It answers, but not us: whoever has a connection can still use it.
                Err(error) => {
                    self.welcome();
                    if !std::mem::replace(&mut is_deaf, true) {
                        tracing::warn!(%error, "changes of API keys are asked for and not heard of: no connection can be had");
                    }
                }
            }
            sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }

    /// The database was met: connections from before it may be broken.
    fn welcome(&self) {
        self.read_pool.forget_idle();
        if self.reachability.returned() {
            tracing::info!("the database is back");
        }
    }

    /// Listens until the connection is lost, or somebody doubts that the database is there.
    async fn listen(&self, listener: &mut PgListener, keys_changed: &impl Fn()) {
        let doubted = async {
            sleep(BETWEEN_DOUBTS).await;
            self.reachability.doubted().await;
        };
        tokio::pin!(doubted);
        loop {
            tokio::select! {
                heard = listener.try_recv() => match heard {
                    Ok(Some(_)) => keys_changed(),
                    Ok(None) | Err(_) => return,
                },
                () = &mut doubted => return,
            }
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
