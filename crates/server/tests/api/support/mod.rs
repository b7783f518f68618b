//! What the tests use: a server in the process or as a process, a database, and a clock that is set by hand.

pub(crate) mod answer;
pub(crate) mod catalog;
pub(crate) mod clock;
pub(crate) mod collector;
pub(crate) mod database;
pub(crate) mod described;
pub(crate) mod exposition;
pub(crate) mod hidden;
pub(crate) mod openid;
pub(crate) mod pgbouncer;
pub(crate) mod played;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod receiver;
pub(crate) mod redis;
pub(crate) mod server;
pub(crate) mod specification;
pub(crate) mod template;

use std::time::{Duration, Instant};

pub(crate) use self::{
    answer::Answer,
    database::{Backend, TestDatabase},
    server::Server,
};

/// Makes two tests of each named `async fn(&Server)`, one for each database: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::support::on(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::support::on(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

/// Makes two tests of each named `fn(&TestDatabase)`, one for each database. For servers that are processes.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::support::on_database(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::support::on_database(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

/// Runs a test against its own server on its own database.
pub(crate) async fn on(backend: Backend, test: impl AsyncFnOnce(&Server)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let server = Server::start(database).await;
    test(&server).await;
    server.stop().await;
}

/// Runs a test on its own empty database.
pub(crate) async fn on_database(backend: Backend, test: impl AsyncFnOnce(&TestDatabase)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    test(&database).await;
}

/// Asks repeatedly until the answer is yes. Fails if it is still no after `bound`.
pub(crate) async fn eventually(what: &str, bound: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < bound, "not so within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
