//! schemathesis makes requests from the specification, follows its links, and checks the answers.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};
use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::process;

use super::equipment::folder;
use super::python;
use super::server::{Installed, UnderTest};
use crate::workspace;

/// How many requests there are, and which.
#[derive(clap::Args)]
pub(super) struct Extent {
    /// With the same number, schemathesis makes the same requests, as far as they do not depend on answers
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How many requests schemathesis makes up for each operation in each of its phases
    #[arg(long, default_value_t = 40, value_name = "NUMBER")]
    max_examples: u32,
}

/// Runs it on SQLite and on PostgreSQL.
///
/// # Errors
/// When an answer is not what the specification says.
pub(super) fn run(extent: &Extent) -> Result<()> {
    let program = python::install(&folder("requests"))?.join("schemathesis");
    check(&program, extent, "SQLite", None)?;
    let Some(programs) = Programs::find_or_install()? else {
        bail!("PostgreSQL is missing: {HOW_TO_INSTALL}");
    };
    let postgres =
        Postgres::start(programs, Settings { durability: Durability::Volatile, extra: Vec::new() })?;
    check(&program, extent, "PostgreSQL", Some(&postgres.url("postgres")))
}

fn check(program: &Path, extent: &Extent, name: &str, postgres: Option<&str>) -> Result<()> {
    let server = UnderTest::start(postgres)?;
    let project = server.project(&[Installed::Slack, Installed::Postmark, Installed::Stripe])?;
    eprintln!("schemathesis on {name}, with the seed {}", extent.seed);
    let started = Instant::now();
    // It leaves files where it is called.
    let directory = workspace::target_directory().join("conformance/requests");
    std::fs::create_dir_all(&directory)?;
    let mut command = Command::new(program);
    command.current_dir(directory).envs(server.environment(&project));
    command.arg("--config-file").arg(folder("requests").join("schemathesis.toml"));
    command.arg("run").arg(format!("{}/api/v1/openapi.json", server.origin()));
    command.args(["--seed", &extent.seed.to_string(), "--max-examples", &extent.max_examples.to_string()]);
    process::run(&mut command)?;
    eprintln!("schemathesis on {name}: {} s", started.elapsed().as_secs());
    Ok(())
}
