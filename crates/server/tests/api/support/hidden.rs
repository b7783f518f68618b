//! Searches for leaked secrets after every test that runs a server in its process.
//!
//! Every secret in the tests contains [`MARK`]. No answer may contain it (each answer is checked), and at the end of a
//! test neither the log, at its most detailed level, nor any table or file of the database may contain it.

use std::{
    io::{self, Write},
    sync::{Mutex, Once, PoisonError},
};

use tracing_subscriber::EnvFilter;

use super::{TestDatabase, database::Sql};

/// The text that every secret in the tests contains, and nothing else.
pub(crate) const MARK: &str = "SECRET";

/// Proves that the log is captured.
const HEARD: &str = "the test listens";

static TOLD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures the log of this process from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();

    ONCE.call_once(|| {
        // The browser's driver logs what a test types.
        let filter = "debug,riq_server=trace,hyper=trace,reqwest=trace,sqlx=debug,thirtyfour=off";
        let filter = EnvFilter::new(filter);
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Ear).with_ansi(false).init();
        tracing::debug!("{HEARD}");
    });
}

/// How many lines of this process's log contain all of these words.
pub(crate) fn times_told(words: &[&str]) -> usize {
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let told = String::from_utf8_lossy(&told);
    told.lines().filter(|line| words.iter().all(|one| line.contains(one))).count()
}

/// Asserts that no secret is in the log or readable in the database.
pub(crate) async fn assert_kept(database: &TestDatabase, sql: &Sql) {
    {
        let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains(HEARD), "the log was not heard");
        assert_not_in(&told, "the log");
    }
    for table in sql.tables().await {
        let rows = sql.rows(&format!("SELECT * FROM {table}"), []).await;
        assert_not_in(&serde_json::to_string(&rows).unwrap(), &table);
    }
    assert_not_in(&String::from_utf8_lossy(&database.files()), "the database's files");
}

/// Asserts that `text`, which comes from `place`, contains no secret.
pub(crate) fn assert_not_in(text: &str, place: &str) {
    let Some(at) = text.find(MARK) else { return };
    let before: String = text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
    let after: String = text[at..].chars().take(40).collect();
    panic!("{place} tells a secret: …{before}{after}…");
}
