//! `cargo xtask test`: every test, on SQLite and on PostgreSQL, with Redis, PgBouncer and nginx, and in a browser.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::programs::find_program;
use riq_testing::{packages, process};

use crate::{browser, workspace};

/// The environment variable with the URL of the PostgreSQL server in which the tests create their databases.
const POSTGRES_URL: &str = "RIQ_TEST_POSTGRES_URL";

/// The environment variable with a directory in which tests keep databases that others copy. These are made anew in
/// each run, on a PostgreSQL server of its own.
const TEMPLATES: &str = "RIQ_TEST_TEMPLATES";

/// Options of `test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments for `cargo nextest run`, such as a filter
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// Runs the tests.
///
/// # Errors
/// When a test fails. With `CI=true` also when tests with PostgreSQL, Redis, a browser and so on cannot run.
pub(crate) fn run(options: &Options) -> Result<()> {
    require_nextest()?;
    let browser = browser()?;
    PROGRAMS.iter().try_for_each(|(program, package)| installed(program, package))?;
    let postgres = private_postgres()?;
    let outcome = run_all(options, postgres.as_ref(), browser);
    drop(postgres);
    outcome
}

/// Installs cargo-nextest if it is missing.
fn require_nextest() -> Result<()> {
    let mut probe = workspace::cargo();
    if probe.args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    eprintln!("Installing cargo-nextest with cargo install");
    // Without optimization it is compiled in a fraction of the time, and it mostly waits.
    process::run(workspace::cargo().args(["install", "--locked", "--debug", "--quiet", "cargo-nextest"]))
}

/// Starts a server for the tests. Returns `None` if the environment names one already, or PostgreSQL is missing.
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

/// The environment variables with the paths of the browser tests' programs. Empty if a program is missing.
fn browser() -> Result<Vec<(&'static str, PathBuf)>> {
    match browser::find_or_install() {
        Ok(Some(variables)) => return Ok(variables),
        Ok(None) => skip("the browser or node is missing", browser::HOW_TO_INSTALL)?,
        Err(error) => skip(&format!("{error:#}"), browser::HOW_TO_INSTALL)?,
    }
    Ok(Vec::new())
}

/// The programs that tests start by themselves if they are on `PATH`, with their Debian packages.
const PROGRAMS: [(&str, &str); 4] = [
    ("redis-server", "redis-server"),
    ("pgbouncer", "pgbouncer"),
    ("nginx", "nginx-light"),
    ("faketime", "faketime"),
];

/// Installs a program if it is missing and packages may be installed.
fn installed(program: &str, package: &str) -> Result<()> {
    if find_program(program).is_some() {
        return Ok(());
    }
    if packages::can_install() {
        return packages::install(&[package]);
    }
    skip(
        &format!("{program} is missing"),
        &format!("install it (Debian and Ubuntu: sudo apt-get install {package})"),
    )
}

/// Prints that tests are skipped. In continuous integration this is an error, because nobody would read it there.
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
    let templates = tempfile::tempdir().context("making a directory for databases that tests copy")?;
    if let Some(postgres) = postgres {
        cargo.env(POSTGRES_URL, postgres.url("postgres")).env(TEMPLATES, templates.path());
    }
    cargo.envs(browser);
    process::run(cargo.args(["nextest", "run", "--workspace"]).args(&options.nextest))
}
