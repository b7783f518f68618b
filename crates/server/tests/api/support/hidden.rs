//! What must stay hidden, looked for after every test that runs a server in its process.
//!
//! Every secret that the tests use has [`MARK`] in it. No answer may hold it (each looks for itself), and when a test
//! is over neither the log, however much it is made to tell, nor any table or file of the database may.

use std::{
    io::{self, Write},
    sync::{Mutex, Once, PoisonError},
};

use tracing_subscriber::EnvFilter;

use super::{TestDatabase, database::Sql};

/// What is in every secret that the tests use, and in nothing else.
pub(crate) const MARK: &str = "SECRET";

/// Shows that the log is heard.
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

/// Has the log of this process listened to, from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();

    ONCE.call_once(|| {
        // The driver of the browser tells what a test types.
        let filter = "debug,riq_server=trace,hyper=trace,reqwest=trace,sqlx=debug,thirtyfour=off";
        let filter = EnvFilter::new(filter);
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Ear).with_ansi(false).init();
        tracing::debug!("{HEARD}");
    });
}

/// How many lines of this process's log have all of these words.
pub(crate) fn times_told(words: &[&str]) -> usize {
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let told = String::from_utf8_lossy(&told);
    told.lines().filter(|line| words.iter().all(|one| line.contains(one))).count()
}

/// Asserts that nothing hidden was told to the log or is to be read in the database.
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

/// Asserts that `text`, which is of `place`, holds nothing hidden.
pub(crate) fn assert_not_in(text: &str, place: &str) {
    let Some(at) = text.find(MARK) else { return };
    let before: String = text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
    let after: String = text[at..].chars().take(40).collect();
    panic!("{place} tells a secret: …{before}{after}…");
}
