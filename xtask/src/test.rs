//! `cargo xtask test`: every test, on SQLite and on PostgreSQL, with Redis, and in a browser.
#![expect(clippy::print_stderr, reason = "says what it skips")]

use std::path::PathBuf;

use anyhow::{Result, bail};

use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::programs::find_program;
use riq_testing::{packages, process};

use crate::{browser, workspace};

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
/// When a test fails; and under `CI=true` also when the cases with PostgreSQL, Redis or a browser could not run.
pub(crate) fn run(options: &Options) -> Result<()> {
    require_nextest()?;
    let browser = browser()?;
    redis()?;
    let postgres = private_postgres()?;
    let outcome = run_all(options, postgres.as_ref(), browser);
    drop(postgres);
    outcome
}

/// Makes sure of cargo-nextest.
fn require_nextest() -> Result<()> {
    let mut probe = workspace::cargo();
    if probe.args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    eprintln!("Installing cargo-nextest with cargo install");
    process::run(workspace::cargo().args(["install", "--locked", "--quiet", "cargo-nextest"]))
}

/// A server for the tests, unless the environment names one already or none is to be had.
fn private_postgres() -> Result<Option<Postgres>> {
    if std::env::var_os(POSTGRES_URL).is_some() {
        return Ok(None);
    }
    if let Some(programs) = Programs::find_or_install()? {
        let settings = Settings { durability: Durability::Volatile, extra: Vec::new() };
        return Postgres::start(programs, settings).map(Some);
    }
    skip("PostgreSQL is missing", HOW_TO_INSTALL)?;
    Ok(None)
}

/// The variables that tell the browser tests where their programs are; none where one is not to be had.
fn browser() -> Result<Vec<(&'static str, PathBuf)>> {
    match browser::find_or_install() {
        Ok(Some(variables)) => return Ok(variables),
        Ok(None) => skip("the browser or node is missing", browser::HOW_TO_INSTALL)?,
        Err(error) => skip(&format!("{error:#}"), browser::HOW_TO_INSTALL)?,
    }
    Ok(Vec::new())
}

/// Makes sure of Redis, which the tests start by themselves where they find it on `PATH`.
fn redis() -> Result<()> {
    const PROGRAM: &str = "redis-server";

    if find_program(PROGRAM).is_some() {
        return Ok(());
    }
    if packages::can_install() {
        return packages::install(&[PROGRAM]);
    }
    skip(
        "Redis is missing",
        "install it (Debian and Ubuntu: sudo apt-get install redis-server; macOS: brew install redis)",
    )
}

/// Says that tests are skipped; nobody would read that in continuous integration.
fn skip(why: &str, how_to_run: &str) -> Result<()> {
    if std::env::var("CI").is_ok_and(|value| value == "true") {
        bail!("{why}, and continuous integration must not skip tests: {how_to_run}");
    }
    eprintln!("{why}: its tests are SKIPPED. To run them, {how_to_run}");
    Ok(())
}

fn run_all(
    options: &Options,
    postgres: Option<&Postgres>,
    browser: Vec<(&'static str, PathBuf)>,
) -> Result<()> {
    let mut cargo = workspace::cargo();
    if let Some(postgres) = postgres {
        cargo.env(POSTGRES_URL, postgres.url("postgres"));
    }
    cargo.envs(browser);
    process::run(cargo.args(["nextest", "run", "--workspace"]).args(&options.nextest))
}
