//! Connects to the database: one pool on PostgreSQL; one writer and several readers on SQLite.

use std::{
    fmt,
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use sqlx::{
    Connection as _, Database, PgConnection, PgPool, SqlitePool,
    pool::PoolOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    Store,
    address::{DatabaseUrl, Pooling, Target},
    batch::{Batch, LARGEST},
    provider_events::{EventReads, Takes},
    reachability::{GuardedPool, Reachability},
    read_pool::ReadPool,
    reads::Reads,
    statements,
    tenant::TenantCheck,
    transaction::Outbox,
    watched::Watched,
};

/// How long a request waits for a free connection, and how long a starting server waits for its database.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// The most connections for the hot reads on SQLite. Each is a thread with its own caches, about 9 MB.
const SQLITE_READS: u32 = 6;
/// How long a SQLite statement waits for another process's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many transactions may store events of providers at once. Two of one integration wait for each other, so more of
/// them store fewer events; and one that waits for a lock holds up not all of the others.
const TAKES: usize = 2;
/// The most connections that only look.
const LOOKS: u32 = 2;
/// The mode of SQLite's files: only their owner reads and writes them.
const PRIVATE: u32 = 0o600;

/// The server cannot connect to the database, or cannot use it. The message shows only the part of the address that is
/// not secret.
#[derive(Debug)]
pub struct ConnectError {
    product: &'static str,
    /// Host and port, or the file.
    place: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Driver(DbErr),
    /// The file cannot be used.
    File(io::Error),
    /// The database's encoding, which is not UTF-8.
    Encoding(String),
    /// Two connections share a session, which the settings do not say.
    SharedSessions,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { product, place, problem } = self;
        match problem {
            Problem::Driver(DbErr::Conn(RuntimeErr::SqlxError(cause))) => {
                write!(f, "cannot connect to the {product} database at {place}: {cause}")
            }
            Problem::Driver(cause) => {
                write!(f, "cannot connect to the {product} database at {place}: {cause}")
            }
            Problem::File(cause) => write!(f, "cannot open the {product} database at {place}: {cause}"),
            Problem::Encoding(encoding) => write!(
                f,
                "the {product} database at {place} has the encoding {encoding}, which cannot hold every text: use one \
                 that was made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            ),
            Problem::SharedSessions => write!(
                f,
                "at {place} is a pooler in transaction mode, such as PgBouncer with pool_mode = transaction: set \
                 RIQ_DATABASE_POOL_MODE=transaction, and RIQ_DATABASE_LISTEN_URL to the address of {product} itself; \
                 or use a pooler in session mode"
            ),
        }
    }
}

impl std::error::Error for ConnectError {}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        Self::Driver(error)
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
    }
}

impl Store {
    /// Connects with at most `connections` connections.
    pub async fn connect(url: &DatabaseUrl, connections: u32) -> Result<Self, ConnectError> {
        let failed = |problem| ConnectError { product: url.product(), place: url.place(), problem };
        let (reader, writer, watched) = match &url.target {
            Target::Postgres(address) => {
                let pool = postgres(address, url.pooling, connections).await.map_err(failed)?;
                (pool.clone(), pool, Some(Watched::new(address, url)))
            }
            Target::Sqlite(file) => {
                keep_private(file.get_filename()).map_err(|error| failed(Problem::File(error)))?;
                let writer = sqlite(file, 1).await.map_err(failed)?;
                (sqlite(file, connections).await.map_err(failed)?, writer, None)
            }
        };
        Ok(Self::over(url, connections, [reader, writer], watched))
    }

    /// Connects to a database that exists, to look at it. A file of SQLite is not made, is not closed to others, and
    /// nothing can be written to it.
    pub async fn look_at(url: &DatabaseUrl) -> Result<Self, ConnectError> {
        let Target::Sqlite(file) = &url.target else { return Self::connect(url, LOOKS).await };
        let failed = |problem| ConnectError { product: url.product(), place: url.place(), problem };
        fs::metadata(file.get_filename()).map_err(|error| failed(Problem::File(error)))?;
        let file =
            file.clone().create_if_missing(false).busy_timeout(BUSY_TIMEOUT).pragma("query_only", "ON");
        let pool = sqlite_pool(file, LOOKS).await.map_err(failed)?;
        Ok(Self::over(url, LOOKS, [pool.clone(), pool], None))
    }

    /// The database over its pools, which have at most `connections` connections.
    fn over(
        url: &DatabaseUrl,
        connections: u32,
        [reader, writer]: [DatabaseConnection; 2],
        watched: Option<Watched>,
    ) -> Self {
        // Half of the connections serve the hot reads. The other half serves all other reads and writes.
        let reads = match url.backend() {
            DbBackend::Postgres => connections / 2,
            _ => SQLITE_READS.min(connections / 2),
        };
        let reachability = Reachability::default();
        let read_pool = ReadPool::new(&reader, url.pooling, reads, reachability.clone());
        let lists = Reads::new(read_pool.clone(), url.backend(), statements::lists());
        let [reader, writer] =
            [reader, writer].map(|pool| GuardedPool::new(pool, url.pooling, reachability.clone()));
        let outbox = Outbox::default();
        let takes = Takes { writer: writer.clone(), outbox: outbox.clone() };
        Self {
            reader,
            writer,
            event_reads: EventReads::new(&read_pool, url.backend()),
            read_pool,
            lists: Batch::new(lists, 1, LARGEST),
            takes: Batch::new(takes, TAKES, LARGEST),
            reachability,
            watched,
            tenant_check: TenantCheck::default(),
            outbox,
            quiet: Arc::default(),
        }
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

fn pool_of<DB: Database>(connections: u32) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // The pool notices a broken connection when it is given back. A test before every use would cost each request a
        // round trip.
        .test_before_acquire(false)
}

async fn postgres(
    address: &PgConnectOptions,
    pooling: Pooling,
    connections: u32,
) -> Result<DatabaseConnection, Problem> {
    // The pool retries until its time is over and then reports only a timeout. One direct attempt reports the cause.
    let looked = tokio::time::timeout(ACQUIRE_TIMEOUT, look(address, pooling)).await;
    looked
        .unwrap_or_else(|_| Err(DbErr::Conn(RuntimeErr::Internal("no answer within 5 s".into())).into()))?;
    let pool: PgPool = pool_of(connections).connect_with(address.clone()).await?;
    Ok(pool.into())
}

/// Looks at the database: whether it answers, and whether this server can use it.
async fn look(address: &PgConnectOptions, pooling: Pooling) -> Result<(), Problem> {
    /// Sent as one message without values, so that it needs no session.
    const LOOK: &str = "SELECT pg_backend_pid()::text, pg_encoding_to_char(encoding)::text FROM pg_database \
         WHERE datname = current_database()";

    let mut connection = PgConnection::connect_with(address).await?;
    let row = sqlx::raw_sql(LOOK).fetch_one(&mut connection).await?;
    let (session, encoding): (String, String) = (sqlx::Row::try_get(&row, 0)?, sqlx::Row::try_get(&row, 1)?);
    if encoding != "UTF8" {
        return Err(Problem::Encoding(encoding));
    }
    if pooling == Pooling::Session && is_shared(&session, &mut connection, address).await? {
        return Err(Problem::SharedSessions);
    }
    connection.close().await?;
    Ok(())
}

/// Whether the session of `connection` is not its own: a pooler gives it to another connection for a transaction.
async fn is_shared(
    session: &str,
    connection: &mut PgConnection,
    address: &PgConnectOptions,
) -> Result<bool, sqlx::Error> {
    const SESSION: &str = "SELECT pg_backend_pid()::text";

    // Without a second connection nothing is found out here. The pool reports why there is none.
    let Ok(mut other) = PgConnection::connect_with(address).await else { return Ok(false) };
    let mut transaction = other.begin().await?;
    let others: String = sqlx::Row::try_get(&sqlx::raw_sql(SESSION).fetch_one(&mut *transaction).await?, 0)?;
    if others == session {
        return Ok(true);
    }
    let now: String = sqlx::Row::try_get(&sqlx::raw_sql(SESSION).fetch_one(connection).await?, 0)?;
    transaction.rollback().await?;
    other.close().await?;
    Ok(now != session)
}

/// Makes the file of a database that only its owner can read, and closes it to others if it exists. SQLite gives the
/// files that it puts beside it the same mode when it makes them, and the same owner if it may.
fn keep_private(database: &Path) -> io::Result<()> {
    let made = OpenOptions::new().append(true).create_new(true).mode(PRIVATE).open(database);
    match made {
        Ok(file) => give_to_owner_of_directory(&file, database)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().append(true).open(database)?;
        }
        Err(error) => return Err(error),
    }
    for file in ["", "-wal", "-shm"].map(|end| beside(database, end)) {
        let Ok(found) = fs::metadata(&file) else { continue };
        if found.permissions().mode() & !PRIVATE & 0o777 != 0
            && fs::set_permissions(&file, Permissions::from_mode(PRIVATE)).is_err()
        {
            tracing::warn!(
                "other users can read the database's files, which belong to another user than this server's: give \
                 them to it, with the mode 0600"
            );
        }
    }
    Ok(())
}

/// Gives a new file to whom its directory belongs, if the superuser made it: a server that runs as another user uses
/// it.
fn give_to_owner_of_directory(file: &File, database: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let directory = std::path::absolute(database)?;
    let Some(directory) = directory.parent() else { return Ok(()) };
    let owner = fs::metadata(directory)?;
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

async fn sqlite(file: &SqliteConnectOptions, connections: u32) -> Result<DatabaseConnection, Problem> {
    let file = file
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power failure, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true);
    sqlite_pool(file, connections).await
}

async fn sqlite_pool(file: SqliteConnectOptions, connections: u32) -> Result<DatabaseConnection, Problem> {
    let pool = pool_of(connections).idle_timeout(None).max_lifetime(None);
    let pool: SqlitePool = pool.connect_with(file).await?;
    Ok(pool.into())
}
