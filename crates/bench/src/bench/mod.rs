//! `cargo xtask bench`: the server beside pgbench and a bare route, in one run on one machine.
//!
//! Absolute rates say what the machine is worth; what counts are the ratios. Nothing here fails for being slow:
//! a target is printed as reached or missed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line's output")]

mod audit;
mod claim;
pub(crate) mod fill;
mod load;
mod measure;
mod pages;
mod probes;
mod report;
pub(crate) mod requests;
mod rounds;
mod yardstick;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;

use self::fill::Data;
use self::load::Generator;
use self::measure::Bench;
use self::rounds::Plan;
use crate::server::Build;
use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::process;

/// What `bench` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many projects the large database holds; each has six integrations and ten audit events
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    projects: u32,
    /// How long one round of one measurement lasts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// How many rounds of each measurement, the median of which is told
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    rounds: u32,
    /// How many events the large audit log holds; ten million take some 15 GB of the disk while they are measured
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(20_000..=100_000_000))]
    audit_events: u32,
    /// Of how many integrations is claimed
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20_000..=10_000_000))]
    monitors: u32,
    /// How many integrations are probed; more than a replica can do in the half minute between two probes of one
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    probed: u32,
    /// 5,000 projects, 50,000 audit events, 50,000 integrations to claim, 3,000 to probe and one round of two seconds:
    /// whether it runs, not how fast
    #[arg(long)]
    quick: bool,
    /// Measures only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// PostgreSQL's commits do not wait for the disk, which says more of the processor
    #[arg(long)]
    volatile: bool,
    /// Also writes the figures to a file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The reading routes on PostgreSQL
    Reads,
    /// The same on SQLite
    Sqlite,
    /// Requests that are refused
    Refused,
    /// PATCH with its audit event
    Patch,
    /// The dashboard's pages: time and weight
    Pages,
    /// Pages of the audit log, at ten thousand events and at many more
    Audit,
    /// Claiming what is due, at ten thousand integrations and at many more
    Claim,
    /// Probes that one replica makes of a provider that takes 50 ms
    Probes,
}

impl Part {
    /// Whether it needs the databases of many projects.
    fn is_of_requests(self) -> bool {
        matches!(self, Self::Reads | Self::Sqlite | Self::Refused | Self::Patch | Self::Pages)
    }
}

impl Options {
    fn measures(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn measures_requests(&self) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| part.is_of_requests())
    }

    fn audit_events(&self) -> usize {
        if self.quick { 50_000 } else { self.audit_events as usize }
    }

    fn monitors(&self) -> usize {
        if self.quick { 50_000 } else { self.monitors as usize }
    }

    fn probed(&self) -> usize {
        if self.quick { 3_000 } else { self.probed as usize }
    }

    fn projects(&self) -> usize {
        if self.quick { 5_000 } else { self.projects as usize }
    }

    fn plan(&self) -> Plan {
        if self.quick {
            Plan { rounds: 1, seconds: 2 }
        } else {
            Plan { rounds: self.rounds, seconds: self.seconds }
        }
    }
}

/// How many projects the small database holds, which the large one must not be much slower than.
const SMALL: usize = 1_000;

/// The databases' names, and the SQLite file's.
const LARGE_DATABASE: &str = "riq_large";
const SMALL_DATABASE: &str = "riq_small";
const SQLITE_FILE: &str = "large.sqlite3";

/// Measures and prints.
///
/// # Errors
/// When something cannot be set up, or an answer is not the expected one. Being slow is no error.
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
    // What was measured before something failed is worth seeing too.
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
        // The rows fit into its memory, and no checkpoint falls into a round.
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

/// Makes a database with the server's schema.
pub(crate) fn create_database(postgres: &Postgres, build: &Build, name: &str) -> Result<()> {
    execute(postgres, "postgres", &format!("CREATE DATABASE {name}"))?;
    build.migrate(&postgres.url(name))
}

/// Drops databases of which nothing is running any more: they would take disk and memory from what is measured next.
fn drop_databases(postgres: &Postgres, names: &[&str]) -> Result<()> {
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

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Options {
        Line::parse_from([&["bench"], arguments].concat()).options
    }

    #[test]
    fn everything_is_measured_unless_parts_are_named() {
        assert!(parse(&[]).measures(Part::Patch));
        let options = parse(&["--only", "reads,sqlite"]);
        assert!(options.measures(Part::Sqlite) && !options.measures(Part::Patch));
        assert!(options.measures_requests() && !parse(&["--only", "audit"]).measures_requests());
    }

    #[test]
    fn quick_is_short_whatever_else_is_said() {
        let options = parse(&["--quick", "--seconds", "60"]);
        assert_eq!((options.projects(), options.plan().seconds, options.plan().rounds), (5_000, 2, 1));
    }
}
