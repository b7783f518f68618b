//! `cargo xtask soak`: kills replicas repeatedly while they probe and refresh integrations of a strict provider, and
//! call its actions.
//!
//! Every integration has its own family of tokens at the provider. By default access tokens live for a minute. The
//! replicas share one PostgreSQL, and from time to time one of them is killed. At the end, no refresh token may have
//! been used twice, and an integration may be in `error` only for the one reason that the documentation describes. No
//! payment may have been made twice, over its limit or without the approval that it needs, and every run has its end.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line's output")]

mod calls;
mod judge;
mod people;
mod replicas;
mod runs;
mod visits;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use riq_server::environment::Environment;

use self::calls::Calls;
use self::judge::{DATABASE, Observed};
use self::people::Keys;
use self::replicas::Replicas;
use self::runs::Runs;
use self::visits::Visits;
use crate::bench::databases::{create_database, execute};
use crate::bench::fill::{self, Data};
use crate::bench::requests::Random;
use crate::installed;
use crate::judgement::Judgement;
use crate::server::Build;
use riq_testing::postgres::{Durability, HOW_TO_INSTALL, Postgres, Programs, Settings};
use riq_testing::process;
use riq_testing::providers::strict::{self, Behaviour, Provider};

/// The interval between probes in the provider's file.
const INTERVAL: Duration = Duration::from_secs(30);
/// How long a replica waits for an answer: much longer than the provider takes, even on a busy machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long the provider takes for every answer.
const LATENCY: Duration = Duration::from_millis(50);

/// Options of `soak`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long the replicas run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: u64,
    /// How many integrations there are, each in its own project
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    integrations: u32,
    /// How many replicas run at a time
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    replicas: u32,
    /// How often one of them is killed
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    kill_every: Duration,
    /// Lifetime of an access token
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    token_life: Duration,
    /// Decides which replica is killed when; random by default
    #[arg(long)]
    seed: Option<u64>,
}

/// The parameters of a soak.
#[derive(Clone, Copy, Debug)]
struct Plan {
    length: Duration,
    integrations: usize,
    replicas: usize,
    kill_every: Duration,
    token_life: Duration,
    /// How long a replica waits for the provider.
    answer_limit: Duration,
    seed: u64,
}

impl Plan {
    /// The time without kills at the end. What a killed replica had leased is due again after two requests and five
    /// seconds. If a refresh was interrupted, the access token works until it expires.
    fn quiet_period(&self) -> Duration {
        let lease = self.answer_limit * 2 + Duration::from_secs(5);
        lease.max(self.token_life) + Duration::from_secs(5)
    }
}

/// Runs the soak and prints the results.
///
/// # Errors
/// When something cannot be set up, or a check fails. The table shows which.
pub(crate) fn run(options: &Options) -> Result<()> {
    let plan = Plan {
        length: Duration::from_secs(options.minutes * 60),
        integrations: options.integrations as usize,
        replicas: options.replicas as usize,
        kill_every: options.kill_every,
        token_life: options.token_life,
        answer_limit: ANSWER_LIMIT,
        seed: options.seed.unwrap_or_else(|| u64::from_ne_bytes(Environment::system().bytes())),
    };
    ensure!(
        plan.quiet_period() < plan.length,
        "too short: there are no kills in the last {:?}",
        plan.quiet_period()
    );
    let build = Build::beside_this_program()?;
    let programs =
        Programs::find_or_install()?.with_context(|| format!("PostgreSQL is missing: {HOW_TO_INSTALL}"))?;
    let settings = Settings { durability: Durability::Durable, extra: Vec::new() };
    let postgres = Postgres::start(programs, settings)?;
    let directory = tempfile::Builder::new().prefix("riq-soak-").tempdir()?;
    eprintln!("Seed {}", plan.seed);
    let judgement = soak(&plan, &build, &postgres, directory.path())?;
    print!("{}", judgement.table());
    if !judgement.is_good() {
        eprintln!("The replicas' logs are kept in {}", directory.keep().display());
    }
    ensure!(judgement.is_good(), "a check failed: see the table above");
    Ok(())
}

/// Sets everything up, runs the replicas for the planned time, and judges the result.
fn soak(plan: &Plan, build: &Build, postgres: &Postgres, directory: &Path) -> Result<Judgement> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let behaviour = Behaviour { families: plan.integrations, token_life: plan.token_life, latency: LATENCY };
    let provider = runtime.block_on(Provider::start(behaviour, INTERVAL, 0, directory))?;
    let url = postgres.url(DATABASE);
    create_database(postgres, build, DATABASE)?;
    let data = Data::new(plan.integrations);
    fill::postgres_tenants(&url, &data)?;
    let started = Instant::now();
    runtime.block_on(installed::install(&url, directory, &provider.families, 1))?;
    eprintln!("Installed {} integrations in {:.1} s", plan.integrations, started.elapsed().as_secs_f64());

    let mut environment = strict::environment(provider.address(), directory);
    environment.push(("RIQ_OUTBOUND_TIMEOUT", format!("{}ms", plan.answer_limit.as_millis())));
    let mut replicas =
        Replicas::start(build, &url, directory, visits::first(&data), environment, plan.replicas)?;
    provider.families.watch();
    let keys = runtime.block_on(Keys::make(&url, plan.integrations))?;
    calls::permit(&replicas.ports(), &keys)?;
    let visits = Visits::start(&replicas.ports(), data, plan.seed);
    let last_call = Instant::now() + plan.length.saturating_sub(plan.quiet_period());
    let calls = Calls::start(&replicas.ports(), keys, plan.seed, last_call);
    let kills = run_for(plan, &mut replicas)?;
    let (visits, called) = (visits.end()?, calls.end()?);
    runs::settle(postgres)?;
    let memory = replicas.stop()?;
    let states = provider.families.states();
    let observed = Observed {
        counts: provider.families.counts(),
        rows: judge::rows(postgres, states.len())?,
        states,
        interval: INTERVAL,
        refreshed_events: count(
            postgres,
            "SELECT count(*) FROM audit_events WHERE action = 'integration.credential.refreshed'",
        )?,
        kills,
        takeovers: replicas::takeovers(directory)?,
        memory,
        visits,
    };
    let Judgement { lines, faults } = Runs::read(postgres, provider.payments.all(), called)?.judge();
    let mut judgement = observed.judge();
    judgement.lines.extend(lines);
    judgement.faults.extend(faults);
    Ok(judgement)
}

/// Kills and replaces replicas until the time is over. Returns how many were killed.
fn run_for(plan: &Plan, replicas: &mut Replicas<'_>) -> Result<usize> {
    const TICK: Duration = Duration::from_millis(100);

    let (began, mut random, mut kills) = (Instant::now(), Random(plan.seed), 0);
    let mut next = plan.kill_every;
    while began.elapsed() < plan.length {
        process::check_interrupted()?;
        if began.elapsed() >= next && next + plan.quiet_period() <= plan.length {
            let victim = replicas.replace(&mut random)?;
            kills += 1;
            eprintln!("  {:>5.0} s  killed {victim}, started another", began.elapsed().as_secs_f64());
            next += plan.kill_every;
        }
        std::thread::sleep(TICK);
    }
    Ok(kills)
}

fn count(postgres: &Postgres, query: &str) -> Result<u64> {
    execute(postgres, DATABASE, query)?.trim().parse().context("psql did not print a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server that `cargo nextest run --workspace` builds together with the tests.
    fn build() -> Option<Build> {
        let bench = std::env::current_exe().unwrap();
        let server = bench.parent()?.parent()?.join("riq-server");
        server.is_file().then_some(Build { server, bench })
    }

    #[test]
    fn two_replicas_are_killed_and_no_refresh_token_is_used_twice() {
        let (Some(build), Some(programs)) = (build(), Programs::find()) else {
            assert!(std::env::var("CI").is_err(), "riq-server or PostgreSQL is missing");
            eprintln!("skipped: riq-server is not built, or PostgreSQL is not installed");
            return;
        };
        let plan = Plan {
            length: Duration::from_secs(31),
            integrations: 200,
            replicas: 2,
            kill_every: Duration::from_secs(3),
            token_life: Duration::from_secs(4),
            answer_limit: ANSWER_LIMIT,
            seed: 1,
        };
        let settings = Settings { durability: Durability::Volatile, extra: Vec::new() };
        let postgres = Postgres::start(programs, settings).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let judgement = soak(&plan, &build, &postgres, directory.path()).unwrap();
        assert!(judgement.is_good(), "{}", judgement.table());
    }
}
