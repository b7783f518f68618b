//! `cargo xtask test`: every test, on SQLite and on PostgreSQL.
#![expect(clippy::print_stderr, reason = "says what it skips")]

use anyhow::{Result, bail};

use crate::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use crate::{packages, process, workspace};

/// What the tests read to find a server in which to create their databases.
const POSTGRES_URL: &str = "RIQ_TEST_POSTGRES_URL";

/// What `test` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments for `cargo nextest run`, such as a filter
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// Runs the tests.
///
/// # Errors
/// When a test fails; and under `CI=true` also when the PostgreSQL cases could not run.
pub(crate) fn run(options: &Options) -> Result<()> {
    packages::require_cargo_tool("nextest")?;
    let postgres = private_postgres()?;
    let outcome = run_all(options, postgres.as_ref());
    drop(postgres);
    outcome
}

/// A server for the tests, unless the environment names one already or none is to be had.
fn private_postgres() -> Result<Option<Postgres>> {
    if std::env::var_os(POSTGRES_URL).is_some() {
        return Ok(None);
    }
    if let Some(programs) = Programs::find_or_install()? {
        let settings = Settings { durability: Durability::Volatile, extra: Vec::new() };
        return Postgres::start(programs, &settings).map(Some);
    }
    if std::env::var("CI").is_ok_and(|value| value == "true") {
        bail!("PostgreSQL is missing, and continuous integration must not skip its tests: {HOW_TO_INSTALL}");
    }
    eprintln!("PostgreSQL is missing: its tests are SKIPPED. To run them, {HOW_TO_INSTALL}");
    Ok(None)
}

fn run_all(options: &Options, postgres: Option<&Postgres>) -> Result<()> {
    let mut cargo = workspace::cargo();
    if let Some(postgres) = postgres {
        cargo.env(POSTGRES_URL, postgres.url("postgres"));
    }
    process::run(cargo.args(["nextest", "run", "--workspace"]).args(&options.nextest))
}
