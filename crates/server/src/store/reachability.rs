//! Whether the database can be reached. One place knows it, so that requests fail at once while one task reconnects.
//!
//! Without it, every request would wait for a connection until its own timeout. `store/watch.rs` finds out when the
//! database goes away and when it comes back. A call that meets a broken connection asks it to check.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement, TransactionOptions, TransactionTrait as _, prelude::async_trait::async_trait,
};
use tokio::sync::Notify;

use super::{
    address::Pooling,
    error::is_lost,
    moment::with_times_of_fixed_width,
    transaction::{Session, begun_or_rolled_back},
};

/// Whether the database can be reached. At first it is assumed to be. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Reachability(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_away: AtomicBool,
    /// Wakes the calls that wait for an answer when the database goes away.
    gone_away: Notify,
    /// Remembers a report of a lost connection until `watch` checks the database.
    lost_connection: Notify,
}

impl Reachability {
    /// Returns what `work` returns. Fails at once while the database is away, and as soon as it goes away.
    pub(super) async fn guard<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        // Created before the flag is read, so that it also wakes if the database goes away in between.
        let gone_away = self.0.gone_away.notified();
        if self.0.is_away.load(Ordering::Acquire) {
            return Err(away());
        }
        tokio::select! {
            biased;
            answer = work => {
                if answer.as_ref().is_err_and(is_lost) {
                    self.report_lost_connection();
                }
                answer
            }
            () = gone_away => Err(away()),
        }
    }

    /// Records that the database is away. `false`: that was known.
    pub(super) fn mark_away(&self) -> bool {
        let is_new = !self.0.is_away.swap(true, Ordering::AcqRel);
        self.0.gone_away.notify_waiters();
        is_new
    }

    /// Records that the database can be reached. `false`: that was known.
    pub(super) fn mark_reachable(&self) -> bool {
        self.0.is_away.swap(false, Ordering::AcqRel)
    }

    /// Reports a lost connection, so that it is checked whether the database has gone away.
    pub(super) fn report_lost_connection(&self) {
        self.0.lost_connection.notify_one();
    }

    /// Waits until a lost connection is reported.
    pub(super) async fn lost_connection_reported(&self) {
        self.0.lost_connection.notified().await;
    }
}

/// The driver's error that stands for "away". The driver itself uses it for a closed pool.
fn away() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// A pool of connections whose calls fail at once while the database is away.
#[derive(Clone, Debug)]
pub(super) struct GuardedPool {
    pool: DatabaseConnection,
    pooling: Pooling,
    reachability: Reachability,
}

impl GuardedPool {
    pub(super) fn new(pool: DatabaseConnection, pooling: Pooling, reachability: Reachability) -> Self {
        Self { pool, pooling, reachability }
    }

    /// The pool itself.
    pub(super) fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<Session, DbErr> {
        match self.pooling {
            // Boxed, because to make a connection takes 60 KB of state, which every request would move.
            Pooling::Session => Ok(Session::Own(Box::pin(self.begin_named(options)).await?)),
            Pooling::Transaction => Box::pin(self.reachability.guard(self.begin_shared())).await,
        }
    }

    /// Begins a transaction of the driver's, whose statements are prepared by name. In a shared session, these names
    /// are free at its beginning, and must be forgotten at its end.
    pub(super) async fn begin_named(
        &self,
        options: TransactionOptions,
    ) -> Result<DatabaseTransaction, DbErr> {
        let pool = self.pool.clone();
        let begun = begun_or_rolled_back(async move { pool.begin_with_options(options).await });
        let transaction = self.reachability.guard(begun).await?;
        self.forget_names(&transaction).await?;
        Ok(transaction)
    }

    /// Commits what [`GuardedPool::begin_named`] began.
    pub(super) async fn commit_named(&self, transaction: DatabaseTransaction) -> Result<(), DbErr> {
        self.forget_names(&transaction).await?;
        transaction.commit().await
    }

    async fn forget_names(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        if self.pooling == Pooling::Transaction {
            transaction.execute_unprepared("DEALLOCATE ALL").await?;
        }
        Ok(())
    }

    async fn begin_shared(&self) -> Result<Session, DbErr> {
        Session::begin_shared(self.pool.get_postgres_connection_pool()).await
    }

    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.pool.close().await
    }
}

#[async_trait]
impl ConnectionTrait for GuardedPool {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.reachability
            .guard(async {
                if self.pooling == Pooling::Session {
                    return self.pool.execute_raw(with_times_of_fixed_width(statement)).await;
                }
                let transaction = self.begin_shared().await?;
                let done = transaction.execute_raw(statement).await?;
                transaction.commit().await.map(|()| done)
            })
            .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.reachability.guard(self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.reachability
            .guard(async {
                if self.pooling == Pooling::Session {
                    return self.pool.query_one_raw(with_times_of_fixed_width(statement)).await;
                }
                let transaction = self.begin_shared().await?;
                let row = transaction.query_one_raw(statement).await?;
                transaction.commit().await.map(|()| row)
            })
            .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.reachability
            .guard(async {
                if self.pooling == Pooling::Session {
                    return self.pool.query_all_raw(with_times_of_fixed_width(statement)).await;
                }
                let transaction = self.begin_shared().await?;
                let rows = transaction.query_all_raw(statement).await?;
                transaction.commit().await.map(|()| rows)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiting_call_fails_when_the_database_goes_away() {
        let reachability = Reachability::default();
        let waiting = tokio::spawn({
            let reachability = reachability.clone();
            async move { reachability.guard(std::future::pending::<Result<(), DbErr>>()).await }
        });
        // The task either waits already or will see that the database is away. It ends in both cases.
        tokio::task::yield_now().await;
        assert!(reachability.mark_away());
        assert_eq!(waiting.await.unwrap(), Err(away()));
    }

    #[tokio::test]
    async fn nothing_is_tried_while_it_is_away() {
        let reachability = Reachability::default();
        assert!(reachability.mark_away() && !reachability.mark_away(), "the change is recorded once");
        let tried = reachability.guard(async { panic!("tried") as Result<(), DbErr> }).await;
        assert_eq!(tried, Err(away()));
        assert!(
            reachability.mark_reachable() && !reachability.mark_reachable(),
            "the change is recorded once"
        );
        assert_eq!(reachability.guard(async { Ok(1) }).await, Ok(1));
    }

    #[tokio::test]
    async fn a_broken_connection_is_reported_and_a_refusal_is_not() {
        let reachability = Reachability::default();
        let refused = DbErr::Custom("a fault of ours".into());
        assert!(reachability.guard(async { Err::<(), _>(refused) }).await.is_err());
        let reported =
            tokio::time::timeout(std::time::Duration::ZERO, reachability.lost_connection_reported()).await;
        assert!(reported.is_err(), "nothing is reported");
        let lost = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        assert!(reachability.guard(async { Err::<(), _>(lost) }).await.is_err());
        reachability.lost_connection_reported().await;
    }
}
