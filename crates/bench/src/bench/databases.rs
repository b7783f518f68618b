//! The databases of the measurements.

use std::path::Path;

use anyhow::{Context as _, Result};
use riq_testing::postgres::Postgres;
use riq_testing::process;

use crate::server::Build;

/// How many projects the small database has. The large one must not be much slower than it.
pub(super) const SMALL: usize = 1_000;

/// The names of the databases and of the SQLite file.
pub(super) const LARGE_DATABASE: &str = "riq_large";
pub(super) const SMALL_DATABASE: &str = "riq_small";
pub(super) const SQLITE_FILE: &str = "large.sqlite3";

/// Creates a database with the server's schema.
pub(crate) fn create_database(postgres: &Postgres, build: &Build, name: &str) -> Result<()> {
    execute(postgres, "postgres", &format!("CREATE DATABASE {name}"))?;
    build.migrate(&postgres.url(name))
}

/// Drops databases that are no longer used, so that they take no disk space or memory from the next measurements.
pub(super) fn drop_databases(postgres: &Postgres, names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| {
        execute(postgres, "postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).map(drop)
    })
}

/// Runs one statement, and returns its result, one row on each line.
pub(crate) fn execute(postgres: &Postgres, database: &str, statement: &str) -> Result<String> {
    process::output(postgres.client("psql", database).args([
        "-qAt",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        statement,
    ]))
}

/// Runs a statement that finds one number.
pub(super) fn number(postgres: &Postgres, database: &str, statement: &str) -> Result<f64> {
    let found = execute(postgres, database, statement)?;
    found.trim().parse().with_context(|| format!("psql did not print a number: {found}"))
}

pub(super) fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
