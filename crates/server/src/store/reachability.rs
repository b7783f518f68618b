//! Whether the database is there: known in one place, so that requests fail at once while one task tries again.
//!
//! Without it each request would wait on its own for a connection until its patience ends. `store/watch.rs` finds out
//! when the database goes away and when it comes back; whoever meets a broken connection tells it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement, TransactionOptions, TransactionTrait as _, prelude::async_trait::async_trait,
};
use tokio::sync::Notify;

use super::error::is_lost;

/// Whether the database is there. Cheap to clone; it is, until somebody says otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Reachability(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_away: AtomicBool,
    /// Wakes those who wait for an answer when the database goes away.
    departure: Notify,
    /// Keeps a report of a lost connection until it is looked into.
    lost_connection: Notify,
}

impl Reachability {
    /// What `work` answers; an error at once while the database is away, and as soon as it goes.
    pub(super) async fn guard<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        // Before the look at the flag: who leaves in between wakes it.
        let departure = self.0.departure.notified();
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
            () = departure => Err(away()),
        }
    }

    /// The database is away. `false`: that was known.
    pub(super) fn mark_away(&self) -> bool {
        let is_new = !self.0.is_away.swap(true, Ordering::AcqRel);
        self.0.departure.notify_waiters();
        is_new
    }

    /// The database is there. `false`: that was known.
    pub(super) fn mark_reachable(&self) -> bool {
        self.0.is_away.swap(false, Ordering::AcqRel)
    }

    /// Reports a lost connection: the database may have gone away.
    pub(super) fn report_lost_connection(&self) {
        self.0.lost_connection.notify_one();
    }

    /// Waits until a lost connection is reported.
    pub(super) async fn lost_connection_reported(&self) {
        self.0.lost_connection.notified().await;
    }
}

/// What stands for "away" among the driver's errors: it says the same of a pool that is closed.
fn away() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// A pool of connections that is not waited for while the database is away.
#[derive(Clone, Debug)]
pub(super) struct GuardedPool {
    pool: DatabaseConnection,
    reachability: Reachability,
}

impl GuardedPool {
    pub(super) fn new(pool: DatabaseConnection, reachability: Reachability) -> Self {
        Self { pool, reachability }
    }

    /// The pool itself.
    pub(super) fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.reachability.guard(self.pool.begin_with_options(options)).await
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
        self.reachability.guard(self.pool.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.reachability.guard(self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.reachability.guard(self.pool.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.reachability.guard(self.pool.query_all_raw(statement)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_told_when_the_database_goes_away() {
        let reachability = Reachability::default();
        let waiting = tokio::spawn({
            let reachability = reachability.clone();
            async move { reachability.guard(std::future::pending::<Result<(), DbErr>>()).await }
        });
        // The task waits, or will see that the database is away: either way it ends.
        tokio::task::yield_now().await;
        assert!(reachability.mark_away());
        assert_eq!(waiting.await.unwrap(), Err(away()));
    }

    #[tokio::test]
    async fn nothing_is_tried_while_it_is_away() {
        let reachability = Reachability::default();
        assert!(reachability.mark_away() && !reachability.mark_away(), "the change is told once");
        let tried = reachability.guard(async { panic!("tried") as Result<(), DbErr> }).await;
        assert_eq!(tried, Err(away()));
        assert!(reachability.mark_reachable() && !reachability.mark_reachable(), "the change is told once");
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
