//! Connects to the database: one pool on PostgreSQL; one writer and several readers on SQLite.

use std::{fmt, path::Path, str::FromStr, sync::Arc, time::Duration};

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    Connection as _, PgConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use super::{
    Store,
    batch::Batch,
    lists::Lists,
    reachability::{GuardedPool, Reachability},
    read_pool::ReadPool,
    tenant::TenantCheck,
};

/// How long a request waits for a free connection, and how long a starting server waits for its database.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// The name of our connections in PostgreSQL's `pg_stat_activity`.
const APPLICATION: &str = "riq-server";
/// The most connections for the hot reads on SQLite. Each is a thread with its own caches, about 9 MB.
const SQLITE_READS: u32 = 6;
/// How long a SQLite statement waits for another process's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The address of the database. It is a secret, because it may hold a password.
#[derive(Clone, Debug)]
pub struct DatabaseUrl {
    url: SecretString,
    backend: DbBackend,
}

/// The text is not the address of a database that this server can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH")]
pub struct InvalidDatabaseUrl;

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        let backend = match scheme {
            Some("postgres" | "postgresql") => DbBackend::Postgres,
            Some("sqlite") => DbBackend::Sqlite,
            _ => return Err(InvalidDatabaseUrl),
        };
        if backend == DbBackend::Postgres && url::Url::parse(text).is_err() {
            return Err(InvalidDatabaseUrl);
        }
        Ok(Self { url: text.into(), backend })
    }
}

impl DatabaseUrl {
    /// The SQLite database in a file. The file is created if it does not exist.
    pub fn sqlite_file(path: &Path) -> Self {
        Self { url: format!("sqlite://{}", path.display()).into(), backend: DbBackend::Sqlite }
    }

    /// The part of the address that is not secret: host and port, or the file.
    pub fn place(&self) -> String {
        let text = self.url.expose_secret();
        if self.backend == DbBackend::Sqlite {
            return text.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
        }
        let url = url::Url::parse(text).ok();
        let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or("localhost").to_owned();
        format!("{host}:{}", url.and_then(|url| url.port()).unwrap_or(5432))
    }

    /// `PostgreSQL` or `SQLite`.
    pub fn product(&self) -> &'static str {
        if self.backend == DbBackend::Postgres { "PostgreSQL" } else { "SQLite" }
    }
}

/// The server cannot connect to the database. The message shows only the part of the address that is not secret.
#[derive(Debug)]
pub struct ConnectError {
    product: &'static str,
    /// Host and port, or the file.
    place: String,
    source: DbErr,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            DbErr::Conn(RuntimeErr::SqlxError(cause)) => {
                write!(f, "cannot connect to the {} database at {}: {cause}", self.product, self.place)
            }
            cause => write!(f, "cannot connect to the {} database at {}: {cause}", self.product, self.place),
        }
    }
}

impl std::error::Error for ConnectError {}

impl Store {
    /// Connects with at most `connections` connections.
    pub async fn connect(url: &DatabaseUrl, connections: u32) -> Result<Self, ConnectError> {
        let failed = |source| ConnectError { product: url.product(), place: url.place(), source };
        let (reader, writer) = match url.backend {
            DbBackend::Postgres => {
                let pool = postgres(url, connections).await.map_err(failed)?;
                (pool.clone(), pool)
            }
            _ => {
                let writer = sqlite(url, 1).await.map_err(failed)?;
                (sqlite(url, connections).await.map_err(failed)?, writer)
            }
        };
        // Half of the connections serve the hot reads. The other half serves all other reads and writes.
        let reads = match url.backend {
            DbBackend::Postgres => connections / 2,
            _ => SQLITE_READS.min(connections / 2),
        };
        let read_pool = ReadPool::new(&reader, url.backend, reads, ACQUIRE_TIMEOUT);
        let reachability = Reachability::default();
        let [reader, writer] = [reader, writer].map(|pool| GuardedPool::new(pool, reachability.clone()));
        let postgres = match url.backend {
            DbBackend::Postgres => Some(postgres_address(url).map_err(failed)?),
            _ => None,
        };
        let lists =
            Lists { read_pool: read_pool.clone(), reachability: reachability.clone(), backend: url.backend };
        Ok(Self {
            reader,
            writer,
            read_pool,
            lists: Batch::new(lists),
            reachability,
            postgres,
            tenant_check: TenantCheck::default(),
        })
    }

    /// Waits for running statements, then closes the connections.
    pub async fn close(self) {
        self.read_pool.close();
        for (name, pool) in [("reader", self.reader), ("writer", self.writer)] {
            if let Err(error) = pool.close().await {
                tracing::warn!(pool = name, %error, "closing the database failed");
            }
        }
    }
}

fn options(url: &DatabaseUrl, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.url.expose_secret());
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT)
        // The pool notices a broken connection when it is given back. A test before every use would cost each request a
        // round trip.
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

async fn postgres(url: &DatabaseUrl, connections: u32) -> Result<DatabaseConnection, DbErr> {
    // The pool retries until its time is over and then reports only a timeout. One direct attempt reports the cause.
    let plain = postgres_address(url)?;
    let tried = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(&plain)).await;
    let tried = tried.map_err(|_| DbErr::Conn(RuntimeErr::Internal("no answer within 5 s".into())))?;
    tried.map_err(conn_error)?.close().await.map_err(conn_error)?;

    let mut options = options(url, connections);
    options.map_sqlx_postgres_opts(|options| options.application_name(APPLICATION));
    Database::connect(options).await
}

fn postgres_address(url: &DatabaseUrl) -> Result<PgConnectOptions, DbErr> {
    let options = PgConnectOptions::from_str(url.url.expose_secret()).map_err(conn_error)?;
    Ok(options.application_name(APPLICATION))
}

fn conn_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

async fn sqlite(url: &DatabaseUrl, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = options(url, connections);
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>).map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged write survives a power failure, not only a crash of the process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
    });
    Database::connect(options).await
}
