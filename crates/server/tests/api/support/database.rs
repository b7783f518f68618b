//! A database for one test: a file in a temporary directory, or a new database of a PostgreSQL server.

use std::{
    path::{Path, PathBuf},
    thread,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, FromQueryResult as _,
    JsonValue, Statement, Value,
};
use tempfile::TempDir;
use url::Url;

const POSTGRES_URL: &str = "RIQ_TEST_POSTGRES_URL";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A database that is deleted when the value is dropped.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    /// The value for `DATABASE_URL`.
    pub(crate) url: String,
    /// Holds the SQLite file and other files of the test.
    directory: TempDir,
    /// On PostgreSQL: the URL of the server, and this database's name.
    server: Option<(String, String)>,
}

impl TestDatabase {
    /// A new database without tables. `None` if there is no PostgreSQL server.
    pub(crate) async fn create(backend: Backend) -> Option<Self> {
        if backend == Backend::Sqlite {
            return Some(Self::of_sqlite());
        }
        let Ok(server) = std::env::var(POSTGRES_URL) else {
            tell("SKIPPED on PostgreSQL: RIQ_TEST_POSTGRES_URL is not set (`cargo xtask test` sets it)");
            return None;
        };
        Some(Self::of_postgres(server, "").await)
    }

    /// A copy of it beside it. Nothing may be connected to it meanwhile.
    pub(crate) async fn copy(&self) -> Self {
        if let Some((server, name)) = &self.server {
            return Self::of_postgres(server.clone(), &format!("TEMPLATE {name}")).await;
        }
        let copy = Self::of_sqlite();
        std::fs::copy(self.path("riq.db"), copy.path("riq.db")).unwrap();
        copy
    }

    fn of_sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("riq.db").display());
        Self { url, directory, server: None }
    }

    async fn of_postgres(server: String, options: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let unique: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("riq_test_{}_{unique}", std::process::id());
        let admin = connect(&server).await;
        admin.execute_unprepared(&format!("CREATE DATABASE {name} {options}")).await.unwrap();
        let mut url = Url::parse(&server).unwrap();
        url.set_path(&name);
        Self { url: url.into(), directory, server: Some((server, name)) }
    }

    /// Makes this database, which nothing is connected to, a copy of a template.
    pub(crate) async fn become_like(&self, template: &str) {
        let Some((server, name)) = &self.server else {
            std::fs::copy(template, self.path("riq.db")).unwrap();
            return;
        };
        drop_database(server, name).await;
        let admin = connect(server).await;
        admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
    }

    /// Keeps it as a template when this value is dropped: the file's copy in this directory, whose path is returned, or
    /// the database, whose name is.
    pub(crate) fn kept_in(mut self, directory: &Path) -> String {
        if let Some((_, name)) = self.server.take() {
            return name;
        }
        let kept = directory.join("template.db");
        std::fs::copy(self.path("riq.db"), &kept).unwrap();
        kept.to_str().unwrap().to_owned()
    }

    /// Of which kind it is. `None`: it is another value's, or behind a pooler.
    pub(crate) fn backend(&self) -> Option<Backend> {
        match &self.server {
            Some(_) => Some(Backend::Postgres),
            None => self.url.ends_with(&*self.path("riq.db").to_string_lossy()).then_some(Backend::Sqlite),
        }
    }

    /// The database at `url`. It is kept when this value is dropped.
    pub(crate) fn at(url: String) -> Self {
        Self { url, directory: tempfile::tempdir().unwrap(), server: None }
    }

    /// A connection that does not go through the server under test.
    pub(crate) async fn open(&self) -> Sql {
        Sql(connect(&self.url).await)
    }

    /// Locks the integrations against changes until it is released.
    pub(crate) async fn lock_integrations(&self) -> Lock {
        self.lock("LOCK TABLE integrations IN EXCLUSIVE MODE").await
    }

    /// Takes a lock of PostgreSQL by this statement, until it is released. On SQLite it is that of writing.
    pub(crate) async fn lock(&self, statement: &str) -> Lock {
        let connection = connect(&self.url).await;
        let take = match connection.get_database_backend() {
            DbBackend::Postgres => format!("BEGIN; {statement}"),
            _ => "BEGIN IMMEDIATE".to_owned(),
        };
        connection.execute_unprepared(&take).await.unwrap();
        Lock(connection)
    }

    /// A path in this test's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Every byte that SQLite has written: the file, its log and the log's index. Empty on PostgreSQL.
    pub(crate) fn files(&self) -> Vec<u8> {
        let files = ["riq.db", "riq.db-wal", "riq.db-shm"].map(|name| std::fs::read(self.path(name)));
        files.into_iter().flatten().flatten().collect()
    }

    /// Drops the database while it is in use. PostgreSQL only.
    pub(crate) async fn vanish(&self) {
        let (server, name) = self.server.as_ref().unwrap();
        drop_database(server, name).await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.server.take() else { return };
        // A test may end while its runtime unwinds, so a thread with its own runtime does this.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(drop_database(&server, &name));
        });
        if dropping.join().is_err() {
            tell("a test's database could not be dropped");
        }
    }
}

#[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
pub(crate) fn tell(line: &str) {
    eprintln!("{line}");
}

async fn drop_database(server: &str, name: &str) {
    let admin = connect(server).await;
    admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

/// A transaction that holds a lock. Its pool has one connection, so all statements run there.
#[derive(Debug)]
pub(crate) struct Lock(DatabaseConnection);

impl Lock {
    /// Releases the lock.
    pub(crate) async fn release(self) {
        self.0.execute_unprepared("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// Runs SQL in the database.
#[derive(Debug)]
pub(crate) struct Sql(DatabaseConnection);

impl Sql {
    /// Whether this is SQLite.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.0.get_database_backend() != DbBackend::Postgres
    }

    /// Runs the statements of a dump.
    pub(crate) async fn run_script(&self, script: &str) {
        self.0.execute_unprepared(script).await.unwrap();
    }

    /// Runs a statement with `$1` … and returns how many rows it changed.
    pub(crate) async fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> u64 {
        self.0.execute_raw(self.statement(sql, values)).await.unwrap().rows_affected()
    }

    /// The rows that a query gives, each as an object of its columns.
    pub(crate) async fn rows(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Vec<JsonValue> {
        let rows = self.0.query_all_raw(self.statement(sql, values)).await.unwrap();
        rows.iter().map(|row| JsonValue::from_query_result(row, "").unwrap()).collect()
    }

    /// The names of all tables.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let sql = match self.0.get_database_backend() {
            DbBackend::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
            _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        };
        let rows = self.rows(sql, []).await;
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The first column of the first row, a count.
    pub(crate) async fn count(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> i64 {
        let row = self.0.query_one_raw(self.statement(sql, values)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// The first column of the first row, bytes.
    pub(crate) async fn bytes(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Option<Vec<u8>> {
        let row = self.0.query_one_raw(self.statement(sql, values)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// How many connections to this database wait for a lock, whatever for. PostgreSQL only.
    pub(crate) async fn waiting(&self) -> i64 {
        self.waiting_with("%").await
    }

    /// How many connections to this database wait for a lock with a statement like `pattern` (SQL's `LIKE`). A server
    /// that runs as a process also has jobs, whose statements may wait for the same lock. PostgreSQL only.
    pub(crate) async fn waiting_with(&self, pattern: &str) -> i64 {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND backend_type = 'client backend' \
                       AND wait_event_type = 'Lock' AND query LIKE $1";
        self.count(waiting, [pattern.into()]).await
    }

    /// The columns that hold a time which does not sort as text, as SQLite compares times.
    pub(crate) async fn times_that_do_not_sort(&self) -> Vec<String> {
        if self.0.get_database_backend() == DbBackend::Postgres {
            return Vec::new();
        }
        let columns = "SELECT m.name AS in_table, c.name AS in_column \
                       FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                       WHERE m.type = 'table' AND c.type LIKE 'timestamp%'";
        let mut found = Vec::new();
        for row in self.rows(columns, []).await {
            let (table, column) = (row["in_table"].as_str().unwrap(), row["in_column"].as_str().unwrap());
            let odd = format!("SELECT {column} AS time FROM {table} WHERE length({column}) <> 27");
            let odd = self.rows(&odd, []).await;
            found.extend(odd.iter().map(|row| format!("{table}.{column}: {}", row["time"])));
        }
        found
    }

    /// The rows of integrations, credentials and the audit log: everything that a request could have changed.
    pub(crate) async fn picture(&self) -> Vec<JsonValue> {
        let mut picture = self.rows("SELECT * FROM integrations ORDER BY id", []).await;
        picture.extend(self.rows("SELECT * FROM credentials ORDER BY integration_id", []).await);
        picture.extend(self.rows("SELECT * FROM audit_events ORDER BY id", []).await);
        picture
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.0.get_database_backend(), sql, values)
    }
}
