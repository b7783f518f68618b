//! Measures how fast one replica probes a slow local provider.
#![expect(clippy::print_stderr, reason = "shows progress")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::databases::{create_database, drop_databases, execute};
use super::equipment::{Bench, MEGABYTE};
use super::fill::{self, Data, organization_of, project_id};
use super::load::{Prepared, Round};
use super::report::{Bound, Line};
use super::requests::Kind;
use super::rounds::{Task, alternate};
use crate::http::{self, Request};
use crate::installed;
use crate::server::{Build, Server};
use riq_testing::postgres::free_port;
use riq_testing::process::Service;
use riq_testing::providers::strict::{self, Counts, Families};

const DATABASE: &str = "riq_probes";
/// How long the provider takes for every answer, in milliseconds.
const LATENCY: u64 = 50;
/// The most probes at a time, and the connections of the bare client.
const IN_FLIGHT: u32 = 256;
/// Longer than any measurement, so that nothing is refreshed.
const TOKEN_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// The time between two probes of an integration, in seconds.
const INTERVAL: u64 = 30;

/// How many accounts of the provider a project has.
const ACCOUNTS: [usize; 2] = [1, 12];

/// Lets one replica probe integrations that are all due, and counts the probes at the provider: with one account for
/// each project, and with twelve.
///
/// # Errors
/// When something does not start, or the replica had nothing left to do.
pub(super) fn measure(bench: &Bench<'_>, integrations: usize, lines: &mut Vec<Line>) -> Result<()> {
    let one = measure_with(bench, integrations, ACCOUNTS[0], lines)?;
    let twelve = measure_with(bench, integrations, ACCOUNTS[1], lines)?;
    let what = "probes of twelve accounts each / of one";
    lines.push(Line::number(what, twelve / one, "", Some(Bound::AtLeast(0.95))));
    Ok(())
}

/// The same for one number of accounts. Returns the probes a second.
fn measure_with(
    bench: &Bench<'_>,
    integrations: usize,
    accounts: usize,
    lines: &mut Vec<Line>,
) -> Result<f64> {
    eprintln!("Probing, {accounts} for each project");
    let directory = bench.directory.join("probes");
    let provider = LocalProvider::start(&bench.build, &directory, integrations)?;
    let data = install(bench, &directory, integrations, accounts)?;
    let yardstick = provider.bare_client(bench, integrations)?;
    let environment = provider.environment(&directory);
    let url = bench.postgres.url(DATABASE);
    let (server, _) = Server::start(&bench.build, &url, &directory, "probes", &first(&data), &environment)?;
    let probes = Task::new("probes", |seconds| provider.count(seconds));
    let medians = alternate(&[probes], bench.plan)?;
    let waiting = execute(&bench.postgres, DATABASE, "SELECT count(*) FROM monitors WHERE due_at < now()")?;
    let (_, memory) = server.memory()?;
    drop(server);
    drop_databases(&bench.postgres, &[DATABASE])?;
    ensure!(
        waiting.trim() != "0",
        "the replica had nothing left to do: --probed must be more than {integrations}"
    );
    let round = medians.get("probes")?;
    lines.push(Line {
        round: Some(round),
        beside: Some(("bare client".to_owned(), yardstick.per_second)),
        ..Line::number(
            &format!("probes of one replica, {accounts} for each project"),
            round.per_second,
            " /s",
            Some(Bound::AtLeast(2_000.0)),
        )
    });
    let what = "memory while probing, at most";
    lines.push(Line::number(what, memory as f64 / MEGABYTE, " MB", Some(Bound::Below(300.0))));
    Ok(round.per_second)
}

/// The request that the replica must answer before it counts as up.
fn first(data: &Data) -> Request {
    let key = data.keys[organization_of(0)][0].clone();
    let path = format!("/api/v1/projects/{}/integrations", project_id(0));
    Request { headers: vec![("X-API-Key", key)], ..Request::get(&path) }
}

/// Sets integrations to the state after their first probe. The first probe always records a change, and later ones
/// usually do not.
const PROBED_BEFORE: &str =
    "UPDATE integrations SET health_status = 'healthy', last_synced_at = created_at, version = version + 1";

/// Installs one integration for each family. All have been probed once and are due.
fn install(bench: &Bench<'_>, directory: &Path, integrations: usize, accounts: usize) -> Result<Data> {
    let started = Instant::now();
    create_database(&bench.postgres, &bench.build, DATABASE)?;
    let wait_for_the_disk = |wait: &str| {
        let statement = format!("ALTER DATABASE {DATABASE} SET synchronous_commit = {wait}");
        execute(&bench.postgres, "postgres", &statement)
    };
    wait_for_the_disk("off")?;
    let (url, data) = (bench.postgres.url(DATABASE), Data::new(integrations));
    fill::postgres_tenants(&url, &data)?;
    let families = Arc::new(Families::new(integrations, TOKEN_LIFE));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(installed::install(&url, directory, &families, accounts))?;
    execute(&bench.postgres, DATABASE, PROBED_BEFORE)?;
    wait_for_the_disk("on")?;
    execute(&bench.postgres, DATABASE, "VACUUM (ANALYZE)")?;
    eprintln!("Installed {integrations} integrations in {:.1} s", started.elapsed().as_secs_f64());
    Ok(data)
}

/// The strict provider as a separate program.
struct LocalProvider {
    port: u16,
    counts_port: u16,
    _service: Service,
}

impl LocalProvider {
    /// Starts it. It writes its files to `directory`.
    fn start(build: &Build, directory: &Path, families: usize) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let (port, counts_port) = (free_port()?, free_port()?);
        let mut command = Command::new(&build.bench);
        command.arg("strict-provider").arg("--directory").arg(directory).stdout(Stdio::null());
        for (name, value) in [
            ("--port", u64::from(port)),
            ("--counts-port", u64::from(counts_port)),
            ("--families", families as u64),
            ("--token-life", TOKEN_LIFE.as_secs()),
            ("--latency", LATENCY),
            ("--interval", INTERVAL),
        ] {
            command.args([name, &value.to_string()]);
        }
        let mut service = Service::start("the strict provider", &mut command, Signal::TERM)?;
        service.wait_until_ready(Duration::from_secs(10), Duration::from_millis(10), || {
            counts(counts_port).is_ok()
        })?;
        Ok(Self { port, counts_port, _service: service })
    }

    /// The environment variables with which a server finds it and may send it as many requests as it can.
    fn environment(&self, directory: &Path) -> Vec<(&'static str, String)> {
        let mut environment = strict::environment(([127, 0, 0, 1], self.port).into(), directory);
        for name in ["RIQ_PROBES_IN_FLIGHT", "RIQ_PROBES_PER_PROVIDER", "RIQ_PROBES_PER_HOST"] {
            environment.push((name, IN_FLIGHT.to_string()));
        }
        environment
    }

    /// Counts the successful probes during some seconds.
    fn count(&self, seconds: u32) -> Result<Round> {
        let (began, before) = (Instant::now(), counts(self.counts_port)?);
        std::thread::sleep(Duration::from_secs(seconds.into()));
        let after = counts(self.counts_port)?;
        let requests = (after.probes - before.probes) as f64;
        ensure!(after.refused_probes == 0, "{} probes were refused", after.refused_probes);
        let per_second = requests / began.elapsed().as_secs_f64();
        Ok(Round { requests, per_second, p50: f64::NAN, p99: f64::NAN })
    }

    /// The yardstick: how many requests a client can send that does nothing else.
    fn bare_client(&self, bench: &Bench<'_>, families: usize) -> Result<Round> {
        const PREPARED: usize = 1_000;
        let made_up = Families::new(families.min(PREPARED), TOKEN_LIFE);
        let request = |family| Request {
            headers: vec![("Authorization", format!("Bearer {}", made_up.first_tokens(family).access_token))],
            ..Request::get("/probe")
        };
        let requests: Vec<Request> = (0..made_up.size()).map(request).collect();
        let prepared = Prepared::new(bench.directory, "bare-probes", Kind::List, &requests)?;
        let url = format!("https://127.0.0.1:{}/", self.port);
        let client =
            Task::new("bare client", |seconds| bench.generator.run_at(&url, IN_FLIGHT, &prepared, seconds));
        alternate(&[client], bench.plan)?.get("bare client")
    }
}

fn counts(port: u16) -> Result<Counts> {
    let answer = http::send(port, &Request::get("/"))?;
    serde_json::from_slice(&answer.body).context("the provider's counts cannot be read")
}
