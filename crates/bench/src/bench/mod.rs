//! `cargo xtask bench`: measures the server, pgbench and a bare route in one run on one machine.
//!
//! Absolute rates depend on the machine, so the ratios count. A slow result is not an error: a target is printed as
//! reached or missed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line's output")]

mod accounts;
mod audit;
mod calls;
mod catalog;
mod claim;
pub(crate) mod databases;
mod endpoints;
mod equipment;
pub(crate) mod fill;
mod load;
mod measure;
mod options;
mod pages;
mod probes;
mod report;
pub(crate) mod requests;
mod rounds;
mod webhooks;
mod yardstick;

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;

use self::databases::{LARGE_DATABASE, SMALL, SMALL_DATABASE, SQLITE_FILE, create_database, sqlite_url};
use self::equipment::Bench;
use self::fill::Data;
use self::load::Generator;
pub(crate) use self::options::Options;
use self::options::Part;
use crate::server::Build;
use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};

/// Runs the measurements and prints the results.
///
/// # Errors
/// When something cannot be set up, or an answer is not the expected one. A slow result is not an error.
pub(crate) fn run(options: &Options) -> Result<()> {
    let build = Build::beside_this_program()?;
    let directory = tempfile::Builder::new().prefix("riq-bench-").tempdir()?;
    let generator = Generator::new(directory.path())?;
    let postgres = start_postgres(options)?;
    let data = Data::new(options.projects());
    if options.measures_requests() {
        prepare_databases(options, &build, &postgres, &directory, &data)?;
    }
    let bench = Bench { build, generator, postgres, directory: directory.path(), data, plan: options.plan() };
    let mut lines = Vec::new();
    let outcome = bench.measure(options, &mut lines);
    // The measurements before a failure are printed too.
    print!("{}", report::table(&lines));
    if let Some(file) = &options.json {
        let settings = json!({
            "projects": options.projects(),
            "audit_events": options.audit_events(),
            "monitors": options.monitors(),
            "probed": options.probed(),
            "rounds": options.plan().rounds,
            "seconds": options.plan().seconds,
            "connections": load::CONNECTIONS,
            "durable": !options.volatile,
            "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        });
        let text = format!("{:#}\n", report::json(&lines, &settings));
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    outcome
}

fn start_postgres(options: &Options) -> Result<Postgres> {
    let programs = Programs::find_or_install()?
        .with_context(|| format!("PostgreSQL and its pgbench are missing: {HOW_TO_INSTALL}"))?;
    let settings = Settings {
        durability: if options.volatile { Durability::Volatile } else { Durability::Durable },
        // With these, the rows fit into memory, and no checkpoint happens during a round.
        extra: vec![
            ("shared_buffers", "1GB".to_owned()),
            ("max_wal_size", "8GB".to_owned()),
            ("checkpoint_timeout", "30min".to_owned()),
        ],
    };
    Postgres::start(programs, settings)
}

fn prepare_databases(
    options: &Options,
    build: &Build,
    postgres: &Postgres,
    directory: &TempDir,
    data: &Data,
) -> Result<()> {
    for (name, projects) in [(SMALL_DATABASE, SMALL), (LARGE_DATABASE, data.projects)] {
        let started = Instant::now();
        create_database(postgres, build, name)?;
        fill::postgres(&postgres.url(name), &Data::new(projects))?;
        eprintln!("Filled {projects} projects on PostgreSQL in {:.1} s", started.elapsed().as_secs_f64());
    }
    if options.measures(Part::Sqlite) {
        let started = Instant::now();
        let file = directory.path().join(SQLITE_FILE);
        build.migrate(&sqlite_url(&file))?;
        fill::sqlite(&file, data)?;
        eprintln!("Filled {} projects on SQLite in {:.1} s", data.projects, started.elapsed().as_secs_f64());
    }
    Ok(())
}
