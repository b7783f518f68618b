//! Connections for the hot reads, which are not given back to the driver's pool after each read: `lanes` in the
//! metrics.
//!
//! The driver's pool tests each connection that is given back: a task and a round trip to the database for every query,
//! which costs more than the query itself (docs/development/performance.md). So a few connections are taken out of the
//! pool once, and each read passes its connection on to the next. A broken connection goes back to the pool, which
//! closes it. The read that noticed is repeated once on another connection, which is safe because it changes nothing.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{ConnAcquireErr, DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr};
use sqlx::{
    Connection as _, Database, Encode, Executor, IntoArguments, Pool, Postgres, Sqlite, Type,
    database::HasStatementCache, pool::PoolConnection, query::Query,
};
use tokio::sync::Semaphore;

use super::{address::Pooling, error::ends_the_connection, reachability::Reachability};
use crate::metrics::PoolUse;

/// How long a read may take, with its wait for a connection. Each reads few rows, and other requests wait behind it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections for the hot reads of one server. Its reads fail at once while the database is away.
#[derive(Clone, Debug)]
pub(super) struct ReadPool {
    stack: EitherStack,
    reachability: Reachability,
}

#[derive(Clone, Debug)]
enum EitherStack {
    Postgres(Arc<Stack<Postgres>>),
    Sqlite(Arc<Stack<Sqlite>>),
}

impl ReadPool {
    /// Uses up to `count` connections of the pool of `connection`.
    pub(super) fn new(
        connection: &DatabaseConnection,
        pooling: Pooling,
        count: u32,
        reachability: Reachability,
    ) -> Self {
        let stack = match connection.get_database_backend() {
            DbBackend::Postgres => {
                EitherStack::Postgres(Stack::new(connection.get_postgres_connection_pool(), pooling, count))
            }
            _ => EitherStack::Sqlite(Stack::new(connection.get_sqlite_connection_pool(), pooling, count)),
        };
        Self { stack, reachability }
    }

    /// Runs a statement. All its parameters are text.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&str],
    ) -> Result<Vec<QueryResult>, DbErr> {
        let read = tokio::time::timeout(PATIENCE, async {
            match &self.stack {
                EitherStack::Postgres(stack) => stack.query(sql, parameters).await,
                EitherStack::Sqlite(stack) => stack.query(sql, parameters).await,
            }
        });
        let in_time = async {
            let rows = read.await.map_err(|_elapsed| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
            rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
        };
        self.reachability.guard(in_time).await
    }

    /// Closes every idle connection, here and in the driver's pool. They may have broken while the database was away.
    pub(super) fn forget_idle(&self) {
        match &self.stack {
            EitherStack::Postgres(stack) => stack.forget_idle(),
            EitherStack::Sqlite(stack) => stack.forget_idle(),
        }
    }

    /// How many connections are in use.
    pub(super) fn pool_use(&self) -> PoolUse {
        match &self.stack {
            EitherStack::Postgres(stack) => stack.pool_use(),
            EitherStack::Sqlite(stack) => stack.pool_use(),
        }
    }

    /// Gives every idle connection back to the driver's pool, and refuses new reads.
    pub(super) fn close(&self) {
        match &self.stack {
            EitherStack::Postgres(stack) => stack.close(),
            EitherStack::Sqlite(stack) => stack.close(),
        }
    }
}

/// Idle connections. The last used one is on top.
struct Stack<DB: Database> {
    pool: Pool<DB>,
    pooling: Pooling,
    idle: Mutex<Vec<PoolConnection<DB>>>,
    permits: Semaphore,
    count: u32,
}

impl<DB: Database + HasStatementCache> Stack<DB> {
    fn new(pool: &Pool<DB>, pooling: Pooling, count: u32) -> Arc<Self> {
        let count = count.max(1);
        let permits = Semaphore::new(count as usize);
        Arc::new(Self { pool: pool.clone(), pooling, idle: Mutex::default(), permits, count })
    }

    fn take(&self) -> Option<PoolConnection<DB>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: PoolConnection<DB>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn forget_idle(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        idle.into_iter().for_each(|connection| drop(connection.detach()));
        while let Some(connection) = self.pool.try_acquire() {
            drop(connection.detach());
        }
    }

    fn pool_use(&self) -> PoolUse {
        let whole = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let in_use = self.count.saturating_sub(whole(self.permits.available_permits()));
        PoolUse { pool: "lanes", in_use, idle: whole(idle), max: self.count }
    }

    fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn query(&self, sql: &'static str, parameters: &[&str]) -> Result<Vec<QueryResult>, sqlx::Error>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
        for<'q> &'q str: Encode<'q, DB> + Type<DB>,
        DB::Arguments: IntoArguments<DB>,
        QueryResult: From<DB::Row>,
    {
        let _permit = self.permits.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        if let Some(connection) = self.take() {
            match self.query_on(connection, sql, parameters).await {
                Err(error) if is_broken(&error) => {}
                answer => return answer,
            }
        }
        // To make a connection is the rare case, and takes 60 KB of state. Unboxed, every request would move them.
        let connection = Box::pin(self.pool.acquire()).await?;
        self.query_on(connection, sql, parameters).await
    }

    /// Runs the statement, and keeps the connection if it can be used again. A cancelled read drops the connection, and
    /// the driver's pool cleans it up. In transaction mode it is closed: the driver does not take a BEGIN back that was
    /// sent but not answered.
    async fn query_on(
        &self,
        connection: PoolConnection<DB>,
        sql: &'static str,
        parameters: &[&str],
    ) -> Result<Vec<QueryResult>, sqlx::Error>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
        for<'q> &'q str: Encode<'q, DB> + Type<DB>,
        DB::Arguments: IntoArguments<DB>,
        QueryResult: From<DB::Row>,
    {
        let query = parameters.iter().fold(sqlx::query::<DB>(sql), |query, parameter| query.bind(*parameter));
        let (rows, connection) = match self.pooling {
            Pooling::Session => {
                let mut connection = connection;
                (query.fetch_all(&mut *connection).await, connection)
            }
            Pooling::Transaction => Box::pin(in_a_transaction(connection, query)).await,
        };
        if !rows.as_ref().is_err_and(is_broken) {
            self.put_back(connection);
        }
        Ok(rows?.into_iter().map(QueryResult::from).collect())
    }
}

/// Runs a query where a session is lent for a transaction only (see `transaction`).
async fn in_a_transaction<'q, DB: Database + HasStatementCache>(
    connection: PoolConnection<DB>,
    query: Query<'q, DB, DB::Arguments>,
) -> (Result<Vec<DB::Row>, sqlx::Error>, PoolConnection<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    let mut connection = scopeguard::guard(connection, |mut given_up| given_up.close_on_drop());
    let rows = rows_of_a_transaction(&mut **connection, query).await;
    (rows, scopeguard::ScopeGuard::into_inner(connection))
}

async fn rows_of_a_transaction<'q, DB: Database + HasStatementCache>(
    connection: &mut DB::Connection,
    query: Query<'q, DB, DB::Arguments>,
) -> Result<Vec<DB::Row>, sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    let mut transaction = connection.begin().await?;
    match query.persistent(false).fetch_all(&mut *transaction).await {
        Ok(rows) => transaction.commit().await.map(|()| rows),
        Err(error) => {
            // If this fails too, the connection is broken, and is not used again.
            transaction.rollback().await?;
            Err(error)
        }
    }
}

/// Whether the connection can no longer be used. After an error that the database itself reports it can, unless that
/// ends the connection.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| ends_the_connection(&code)),
        _ => true,
    }
}

impl<DB: Database> fmt::Debug for Stack<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stack({} free)", self.permits.available_permits())
    }
}
