//! The databases that are measured on.

use std::path::Path;

use anyhow::Result;
use riq_testing::postgres::Postgres;
use riq_testing::process;

use crate::server::Build;

/// How many projects the small database holds, which the large one must not be much slower than.
pub(super) const SMALL: usize = 1_000;

/// The databases' names, and the SQLite file's.
pub(super) const LARGE_DATABASE: &str = "riq_large";
pub(super) const SMALL_DATABASE: &str = "riq_small";
pub(super) const SQLITE_FILE: &str = "large.sqlite3";

/// Makes a database with the server's schema.
pub(crate) fn create_database(postgres: &Postgres, build: &Build, name: &str) -> Result<()> {
    execute(postgres, "postgres", &format!("CREATE DATABASE {name}"))?;
    build.migrate(&postgres.url(name))
}

/// Drops databases of which nothing is running any more: they would take disk and memory from what is measured next.
pub(super) fn drop_databases(postgres: &Postgres, names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| {
        execute(postgres, "postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).map(drop)
    })
}

/// Runs one statement, and returns what it answers, one row a line.
pub(crate) fn execute(postgres: &Postgres, database: &str, statement: &str) -> Result<String> {
    process::output(postgres.client("psql", database).args([
        "-qAt",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        statement,
    ]))
}

pub(super) fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
