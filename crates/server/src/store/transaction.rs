//! Transactions, and how statements reach a PostgreSQL that is behind a pooler in transaction mode, such as PgBouncer
//! with `pool_mode = transaction`.
//!
//! Such a pooler lends a session of PostgreSQL for the time of a transaction. The driver sends a statement and then its
//! values, with a Sync after each, and outside of a transaction each Sync ends one. So every statement gets a
//! transaction of its own. It is prepared without a name, because a name would stay in a session that other clients use
//! later.

use std::sync::{
    self, Arc, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{
    Condition, ConnAcquireErr, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    ExecResult, QueryResult, QuerySelect as _, RuntimeErr, Select, SqliteTransactionMode, Statement,
    TransactionOptions,
    prelude::async_trait::async_trait,
    sea_query::{Expr, Values},
};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, PgPool, Postgres, query::Query};
use tokio::sync::{Mutex, Notify};

use super::{
    StoreError,
    moment::with_times_of_fixed_width,
    outbox::{Announcement, announce},
};

/// How long what is read stays true.
#[derive(Clone, Copy, Debug)]
pub(super) enum Valid {
    /// At the moment of reading.
    Now,
    /// Until the transaction ends that reads it: changes wait until then.
    UntilCommit,
}

impl Valid {
    pub(super) fn read<E: EntityTrait>(self, select: Select<E>) -> Select<E> {
        match self {
            Self::Now => select,
            Self::UntilCommit => select.lock_shared(),
        }
    }
}

/// The options of a transaction that will write. On SQLite it takes the write lock at once: a transaction that reads
/// first may fail when it starts to write, instead of waiting.
pub(super) fn writing() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// A transaction. It is rolled back if it is dropped before it is committed.
pub(super) struct Transaction {
    session: Session,
    /// What webhooks are told of it.
    told: sync::Mutex<Vec<Announcement>>,
    /// Whether it makes something due that is in the outbox.
    makes_due: AtomicBool,
    outbox: Outbox,
}

/// What all transactions of a process know of the outbox. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    /// Wakes who sends what is in it.
    pub(super) filled: Arc<Notify>,
    /// What links in events begin with: the server's public URL, without a slash at its end.
    pub(super) links: Arc<OnceLock<String>>,
}

impl Outbox {
    /// The address of one of our pages, if the server's public URL is known; otherwise its path.
    pub(super) fn link_to(&self, path: &str) -> String {
        format!("{}{path}", self.links.get().map_or("", String::as_str))
    }
}

/// Where a transaction takes place.
pub(super) enum Session {
    /// In a session of its own.
    Own(DatabaseTransaction),
    /// In a session that other clients use afterwards.
    Shared(Mutex<sqlx::Transaction<'static, Postgres>>),
}

impl Session {
    /// Begins a transaction in a session that is lent for it.
    pub(super) async fn begin_shared(pool: &PgPool) -> Result<Self, DbErr> {
        let pool = pool.clone();
        let begun = begun_or_rolled_back(async move { pool.begin().await.map_err(acquire_error) }).await?;
        Ok(Self::Shared(Mutex::new(begun)))
    }

    /// Commits it.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Own(transaction) => transaction.commit().await,
            Self::Shared(transaction) => transaction.into_inner().commit().await.map_err(exec_error),
        }
    }
}

impl Transaction {
    /// The transaction that has begun in a session.
    pub(super) fn new(session: Session, outbox: Outbox) -> Self {
        Self { session, told: sync::Mutex::default(), makes_due: AtomicBool::new(false), outbox }
    }

    /// The address of one of our pages, if the server's public URL is known; otherwise its path.
    pub(super) fn link_to(&self, path: &str) -> String {
        self.outbox.link_to(path)
    }

    /// Tells webhooks something. It is put into the outbox at the commit, with all else that the transaction tells: so
    /// the streams of webhooks are locked once, in their order, after everything else.
    pub(super) fn tell(&self, announcement: Announcement) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(announcement);
    }

    /// Notes that it makes something due that is in the outbox.
    pub(super) fn makes_due(&self) {
        self.makes_due.store(true, Ordering::Relaxed);
    }

    /// Lets its commit return before PostgreSQL has written it to the disk. So a loss of power may undo it, but not the
    /// end of a process. SQLite waits nevertheless.
    pub(super) async fn does_not_wait_for_the_disk(&self) -> Result<(), DbErr> {
        if self.get_database_backend() == DbBackend::Postgres {
            self.execute_unprepared("SET LOCAL synchronous_commit TO OFF").await?;
        }
        Ok(())
    }

    /// Commits it, with what it tells. If that put something into the outbox, who sends it is woken.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        let fills = announce(&self.session, told).await?;
        self.session.commit().await?;
        if fills || self.makes_due.into_inner() {
            self.outbox.filled.notify_one();
        }
        Ok(())
    }
}

#[async_trait]
impl ConnectionTrait for Session {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Own(transaction) => transaction.get_database_backend(),
            Self::Shared(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Own(transaction) => transaction.execute_raw(with_times_of_fixed_width(statement)).await,
            Self::Shared(transaction) => {
                let mut transaction = transaction.lock().await;
                let done = unnamed(&statement).execute(&mut **transaction).await;
                done.map(ExecResult::from).map_err(exec_error)
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Own(transaction) => transaction.execute_unprepared(sql).await,
            Self::Shared(transaction) => {
                let mut transaction = transaction.lock().await;
                let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **transaction).await;
                done.map(ExecResult::from).map_err(exec_error)
            }
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Own(transaction) => transaction.query_one_raw(with_times_of_fixed_width(statement)).await,
            Self::Shared(transaction) => {
                let mut transaction = transaction.lock().await;
                let row = unnamed(&statement).fetch_optional(&mut **transaction).await;
                row.map(|row| row.map(QueryResult::from)).map_err(query_error)
            }
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Own(transaction) => transaction.query_all_raw(with_times_of_fixed_width(statement)).await,
            Self::Shared(transaction) => {
                let mut transaction = transaction.lock().await;
                let rows = unnamed(&statement).fetch_all(&mut **transaction).await.map_err(query_error)?;
                Ok(rows.into_iter().map(QueryResult::from).collect())
            }
        }
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.session.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.session.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.session.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.session.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.session.query_all_raw(statement).await
    }
}

/// A condition that always holds, and lets the one statement that has it return before PostgreSQL has written its
/// change to the disk, as [`Transaction::does_not_wait_for_the_disk`] does.
pub(super) fn without_waiting_for_the_disk(backend: DbBackend) -> Condition {
    let set = Expr::cust("set_config('synchronous_commit', 'off', true) = 'off'");
    Condition::all().add_option((backend == DbBackend::Postgres).then_some(set))
}

/// Begins a transaction in a task of its own. If the caller gives up, the task goes on, and the transaction is rolled
/// back. The driver does not roll back a BEGIN that was sent but not answered: it would give the connection back to the
/// pool with an open transaction, which keeps its locks, keeps a pooler's session, and swallows what is written next.
pub(super) async fn begun_or_rolled_back<T: Send + 'static>(
    begin: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    tokio::spawn(begin).await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
}

/// The statement with its values, prepared without a name.
fn unnamed(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values)).persistent(false)
}

fn acquire_error(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    }
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
