//! schemathesis makes requests from the specification, follows its links, and checks the answers.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::process;

use super::equipment::folder;
use super::python;
use super::server::{Installed, UnderTest};

/// Runs it on SQLite and on PostgreSQL.
///
/// # Errors
/// When an answer is not what the specification says.
pub(super) fn run() -> Result<()> {
    let program = python::install(&folder("requests"))?.join("schemathesis");
    eprintln!("schemathesis on SQLite");
    check(&program, &UnderTest::start(None)?)?;
    let Some(programs) = Programs::find_or_install()? else {
        bail!("PostgreSQL is missing: {HOW_TO_INSTALL}");
    };
    let postgres =
        Postgres::start(programs, Settings { durability: Durability::Volatile, extra: Vec::new() })?;
    eprintln!("schemathesis on PostgreSQL");
    check(&program, &UnderTest::start(Some(&postgres.url("postgres")))?)
}

fn check(program: &Path, server: &UnderTest) -> Result<()> {
    let project = server.project(&[Installed::Slack, Installed::Postmark, Installed::Stripe])?;
    let mut command = Command::new(program);
    command.current_dir(folder("requests")).envs(server.environment(&project));
    process::run(command.arg("run").arg(format!("{}/api/v1/openapi.json", server.origin())))
}
