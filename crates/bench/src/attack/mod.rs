//! `cargo xtask attack`: many clients on the loopback interface try to keep the server from its work, all at once.
//!
//! Some send requests and never read, some send a byte a second, and some send keys that nobody made. Meanwhile the
//! server must answer `/healthz` within a second, serve good keys that it does not have in memory, go on probing, and
//! stay small. The attack reaches only the server that it has started itself, and ends by itself.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line's output")]

mod attackers;
mod connection;
mod judge;
mod options;
mod request;
mod visitors;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::process;
use riq_testing::providers::strict::{self, Behaviour, Provider};

use self::attackers::Attackers;
use self::judge::Observed;
pub(crate) use self::options::Options;
use self::request::list;
use self::visitors::Visitors;
use crate::bench::databases::{create_database, execute};
use crate::bench::fill::{self, Data};
use crate::installed;
use crate::judgement::Judgement;
use crate::server::{Build, Server, raise_open_files};

const DATABASE: &str = "riq_attack";
/// How many integrations are probed during the attack.
const INTEGRATIONS: usize = 50;
/// The interval between probes in the provider's file.
const INTERVAL: Duration = Duration::from_secs(30);
/// How long the provider takes for every answer.
const LATENCY: Duration = Duration::from_millis(50);
/// Connections that are neither of attackers who do not read nor of slow ones.
const OTHER_FILES: u64 = 512;
const METRICS_TOKEN: &str = "token-of-the-attack";

/// Runs the attack and prints the results.
///
/// # Errors
/// When something cannot be set up, or a check fails. The table shows which.
pub(crate) fn run(options: &Options) -> Result<()> {
    raise_open_files(options.never_read + options.slow + OTHER_FILES)?;
    let build = Build::beside_this_program()?;
    let programs =
        Programs::find_or_install()?.with_context(|| format!("PostgreSQL is missing: {HOW_TO_INSTALL}"))?;
    let settings = Settings { durability: Durability::Durable, extra: Vec::new() };
    let postgres = Postgres::start(programs, settings)?;
    let directory = tempfile::Builder::new().prefix("riq-attack-").tempdir()?;
    let judgement = attack(*options, &build, &postgres, directory.path())?;
    print!("{}", judgement.table());
    if !judgement.is_good() {
        eprintln!("The server's log is kept in {}", directory.keep().display());
    }
    ensure!(judgement.is_good(), "a check failed: see the table above");
    Ok(())
}

/// Sets everything up, attacks for the planned time, and judges the result.
fn attack(options: Options, build: &Build, postgres: &Postgres, directory: &Path) -> Result<Judgement> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let behaviour =
        Behaviour { families: INTEGRATIONS, token_life: Duration::from_secs(3_600), latency: LATENCY };
    let provider = runtime.block_on(Provider::start(behaviour, INTERVAL, 0, directory))?;
    let url = postgres.url(DATABASE);
    create_database(postgres, build, DATABASE)?;
    let data = Arc::new(Data::new(INTEGRATIONS));
    fill::postgres_tenants(&url, &data)?;
    runtime.block_on(installed::install(&url, directory, &provider.families, 1))?;

    let mut environment = strict::environment(provider.address(), directory);
    environment.push(("RIQ_METRICS_TOKEN", METRICS_TOKEN.to_owned()));
    let first = list(&data, 0);
    let (server, _) = Server::start(build, &url, directory, "server", &first, &environment)?;
    provider.families.watch();
    let port = server.port();
    eprintln!("Attacking port {port} for {} s", options.seconds);
    let (attack, visits) = runtime.block_on(async {
        let attackers = Attackers::start(options, port);
        let visitors = Visitors::start(Arc::clone(&data), port)?;
        let waited = wait(Duration::from_secs(options.seconds)).await;
        let (visits, attack) = (visitors.end(), attackers.end().await);
        waited.map(|()| (attack, visits))
    })?;
    let metrics = runtime.block_on(visitors::metrics(port, METRICS_TOKEN))?;
    let (_, memory) = server.memory()?;
    let log = std::fs::metadata(directory.join("server.log"))?.len();
    let states = provider.families.states();
    server.stop()?;
    let unhealthy =
        "SELECT count(*) FROM integrations WHERE status <> 'active' OR health_status <> 'healthy'";
    let observed = Observed {
        attack,
        visits,
        metrics,
        memory,
        log,
        interval: INTERVAL,
        longest_gap: states.iter().map(|state| state.longest_gap).max().unwrap_or_default(),
        counts: provider.families.counts(),
        unhealthy: execute(postgres, DATABASE, unhealthy)?
            .trim()
            .parse()
            .context("psql printed no number")?,
    };
    Ok(observed.judge(options))
}

async fn wait(length: Duration) -> Result<()> {
    const TICK: Duration = Duration::from_millis(100);

    let began = Instant::now();
    while began.elapsed() < length {
        process::check_interrupted()?;
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}
