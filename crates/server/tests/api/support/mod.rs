//! What the tests stand on: a server in the process or beside it, a database, a clock that is set by hand.

pub(crate) mod answer;
pub(crate) mod clock;
pub(crate) mod collector;
pub(crate) mod database;
pub(crate) mod exposition;
pub(crate) mod hidden;
pub(crate) mod played;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod redis;
pub(crate) mod server;
pub(crate) mod specification;

use std::time::{Duration, Instant};

pub(crate) use self::{
    answer::Answer,
    database::{Backend, TestDatabase},
    server::Server,
};

/// Makes of each named `async fn(&Server)` two tests, one a database: `name::sqlite` and `name::postgres`.
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

/// Makes of each named `fn(&TestDatabase)` two tests, one a database: for servers that are processes.
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

/// Runs a test against a server of its own on a database of its own.
pub(crate) async fn on(backend: Backend, test: impl AsyncFnOnce(&Server)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let server = Server::start(database).await;
    test(&server).await;
    server.stop().await;
}

/// Runs a test on a database of its own, empty as yet.
pub(crate) async fn on_database(backend: Backend, test: impl AsyncFnOnce(&TestDatabase)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    test(&database).await;
}

/// Asks again and again until the answer is yes; fails when it still is no after `bound`.
pub(crate) async fn eventually(what: &str, bound: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < bound, "not so within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
