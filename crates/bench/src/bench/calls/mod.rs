//! Measures the use of what is installed: the proxy and a reading action beside a bare proxy, a writing action beside
//! pgbench, the memory of slow streams, and the decision alone.
#![expect(clippy::print_stderr, reason = "shows progress")]

mod decisions;
mod provider;
mod script;
mod streams;

use std::cell::Cell;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub(super) use self::script::write_script;
use self::{
    provider::RunningProvider,
    streams::{STREAMS, Stream},
};
use super::databases::{create_database, drop_databases, execute};
use super::equipment::{Bench, MEGABYTE};
use super::fill::{self, Data, organization_of, project_id};
use super::load::Prepared;
use super::report::{Bound, Line};
use super::requests::{Kind, Random, address};
use super::rounds::{Task, alternate};
use super::yardstick::{ACTOR, Length};
use crate::http::Request;
use crate::server::{Server, raise_open_files};
use crate::{installed, plain_provider};

const DATABASE: &str = "riq_calls";
/// How many projects there are. Each has one integration, with a key of the plain provider.
const PROJECTS: usize = 1_000;
/// How many requests are prepared for a measurement.
const PREPARED: usize = 20_000;

/// What is measured: how to send the same through the server and through the bare proxy.
#[derive(Clone, Copy)]
enum Way {
    /// The server's proxy.
    Proxy,
    /// The server's action that reads the same.
    Read,
    /// The server's action that writes.
    Write,
    /// The bare proxy.
    Bare,
}

/// Measures all of it.
///
/// # Errors
/// When something does not start, or an answer is not the expected one.
pub(super) fn measure(bench: &Bench<'_>, lines: &mut Vec<Line>) -> Result<()> {
    // Every stream has a connection here, and two in the server.
    raise_open_files(3 * STREAMS as u64)?;
    decisions::measure(lines)?;
    let directory = bench.directory.join("calls");
    let provider = RunningProvider::start(&bench.build, &directory)?;
    let data = install(bench, &directory)?;
    beside_bare_proxy(bench, &data, &provider, lines)?;
    beside_pgbench(bench, &data, &provider, lines)?;
    for stream in [Stream::SlowProvider, Stream::SlowClient] {
        slow_streams(bench, &data, &provider, stream, lines)?;
    }
    drop_databases(&bench.postgres, &[DATABASE])
}

/// Permits every action. Nothing is probed while it is measured.
const PREPARE: [&str; 3] = [
    r#"UPDATE integrations SET action_permissions = '{"read_order":true,"create_order":true,"other_reads":true}'"#,
    "UPDATE monitors SET due_at = now() + interval '1 day', probe_at = now() + interval '1 day'",
    "VACUUM (ANALYZE)",
];

/// Installs one integration in each project.
fn install(bench: &Bench<'_>, directory: &Path) -> Result<Data> {
    eprintln!("Installing in {PROJECTS} projects");
    create_database(&bench.postgres, &bench.build, DATABASE)?;
    let (url, data) = (bench.postgres.url(DATABASE), Data::new(PROJECTS));
    fill::postgres_tenants(&url, &data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let providers = plain_provider::providers_directory(directory);
    let line = serde_json::json!({
        "provider": plain_provider::KEY,
        "credential": {"api_key": plain_provider::API_KEY},
    })
    .to_string();
    runtime
        .block_on(installed::import(&url, providers, PROJECTS, move |project| Ok((project, line.clone()))))?;
    for statement in PREPARE {
        execute(&bench.postgres, DATABASE, statement)?;
    }
    Ok(data)
}

/// Starts a server for the installed integrations.
fn server(bench: &Bench<'_>, data: &Data, provider: &RunningProvider, name: &str) -> Result<Server> {
    let (url, first) = (bench.postgres.url(DATABASE), request(Way::Proxy, data, 0, &mut Random(1)));
    let environment = provider.environment();
    Ok(Server::start(&bench.build, &url, bench.directory, name, &first, &environment)?.0)
}

fn prepare(bench: &Bench<'_>, data: &Data, name: &str, way: Way) -> Result<Prepared> {
    let mut random = Random(1);
    let requests: Vec<Request> = (0..PREPARED).map(|at| request(way, data, at, &mut random)).collect();
    Prepared::new(bench.directory, name, Kind::List, &requests)
}

fn request(way: Way, data: &Data, at: usize, random: &mut Random) -> Request {
    let project = random.below(data.projects);
    let (order, path) = (format!("o{at}"), installed_path(project));
    if matches!(way, Way::Bare) {
        return Request::get(&format!("/orders/{order}"));
    }
    let proxied = of_key(data, project, Request::get(&format!("{path}/proxy/orders/{order}")), random);
    let (action, input) = match way {
        Way::Proxy | Way::Bare => return proxied,
        Way::Read => ("read_order", format!(r#"{{"order":"{order}"}}"#)),
        Way::Write => ("create_order", format!(r#"{{"note":"Order {at} of RUN"}}"#)),
    };
    let mut call = Request {
        method: "POST",
        path: format!("{path}/actions/{action}"),
        body: format!(r#"{{"input":{input}}}"#),
        ..proxied
    };
    call.headers.push(("Content-Type", "application/json".to_owned()));
    call
}

/// The path of a project's integration.
fn installed_path(project: usize) -> String {
    format!("/api/v1/projects/{}/integrations/{}", project_id(project), plain_provider::KEY)
}

/// A request with one of the project's keys, from one of many addresses.
fn of_key(data: &Data, project: usize, request: Request, random: &mut Random) -> Request {
    let keys = &data.keys[organization_of(project)];
    let key = keys[random.below(keys.len())].clone();
    Request {
        headers: vec![("X-API-Key", key), ("X-Forwarded-For", address(random.below(1 << 17)))],
        ..request
    }
}

/// Compares the proxy and a reading action with the bare proxy.
fn beside_bare_proxy(
    bench: &Bench<'_>,
    data: &Data,
    provider: &RunningProvider,
    lines: &mut Vec<Line>,
) -> Result<()> {
    eprintln!("Reading through the proxy and by an action");
    let server = server(bench, data, provider, "calls")?;
    let (proxied, read) =
        (prepare(bench, data, "proxied", Way::Proxy)?, prepare(bench, data, "read", Way::Read)?);
    let bare = prepare(bench, data, "bare", Way::Bare)?;
    let check = || [&proxied, &read].into_iter().try_for_each(|prepared| prepared.check(server.port()));
    check()?;
    let generator = &bench.generator;
    let one = |name, port: u16, prepared| {
        let url = format!("http://127.0.0.1:{port}/");
        Task::new(name, move |seconds| generator.run_at(&url, 1, prepared, seconds))
    };
    let tasks = [
        Task::new("bare proxy", |seconds| generator.run(provider.proxy_port(), &bare, seconds)),
        Task::new("proxy", |seconds| generator.run(server.port(), &proxied, seconds)),
        Task::new("reading action", |seconds| generator.run(server.port(), &read, seconds)),
        one("bare proxy, one connection", provider.proxy_port(), &bare),
        one("proxy, one connection", server.port(), &proxied),
    ];
    let medians = alternate(&tasks, bench.plan)?;
    check()?;
    for (what, name, bound) in
        [("request through the proxy", "proxy", 0.5), ("reading action", "reading action", 0.4)]
    {
        lines.push(Line::ratio(what, &medians, name, "bare proxy", Some(Bound::AtLeast(bound)))?);
    }
    let added = medians.added_latency("proxy, one connection", "bare proxy, one connection")?;
    lines.push(Line {
        round: Some(medians.get("proxy, one connection")?),
        beside: Some((
            "bare proxy, one connection".to_owned(),
            medians.get("bare proxy, one connection")?.per_second,
        )),
        ..Line::number("p50 that the proxy adds, one connection", added, " ms", Some(Bound::Below(1.0)))
    });
    Ok(())
}

/// Compares a writing action with pgbench, which does the same transactions.
fn beside_pgbench(
    bench: &Bench<'_>,
    data: &Data,
    provider: &RunningProvider,
    lines: &mut Vec<Line>,
) -> Result<()> {
    eprintln!("Writing by an action");
    let server = server(bench, data, provider, "writes")?;
    let write = prepare(bench, data, "write", Way::Write)?;
    write.check(server.port())?;
    let sealed = number(bench, "SELECT max(octet_length(request)) FROM action_runs WHERE kind = 'write'")?;
    let script = write_script(bench.directory, PROJECTS, plain_provider::KEY, sealed as usize)?;
    let (before, answered) = (recorded(bench)?, Cell::new(0.0));
    let tasks = [
        Task::new("pgbench transactions", |seconds| {
            script.run(&bench.postgres, DATABASE, Length::Seconds(seconds))
        }),
        Task::new("writing action", |seconds| {
            let round = bench.generator.run(server.port(), &write, seconds)?;
            answered.set(answered.get() + round.requests);
            Ok(round)
        }),
    ];
    let medians = alternate(&tasks, bench.plan)?;
    let recorded = recorded(bench)? - before;
    ensure!(
        recorded >= answered.get(),
        "{} calls were answered but only {recorded} runs and events stored: the measurement is not valid",
        answered.get()
    );
    let (yardstick, bound) = ("pgbench transactions", Some(Bound::AtLeast(0.5)));
    lines.push(Line::ratio("writing action on PostgreSQL", &medians, "writing action", yardstick, bound)?);
    Ok(())
}

/// How many writing calls of the server's have a run that succeeded, and an event. The smaller of both.
fn recorded(bench: &Bench<'_>) -> Result<f64> {
    let query = format!(
        "SELECT LEAST((SELECT count(*) FROM action_runs WHERE kind = 'write' AND status = 'succeeded' \
         AND request IS NOT NULL AND principal <> {ACTOR}), \
         (SELECT count(*) FROM audit_events WHERE action = 'integration.action.executed' \
         AND actor_key_id <> {ACTOR}))"
    );
    number(bench, &query)
}

/// The number that a query finds.
fn number(bench: &Bench<'_>, query: &str) -> Result<f64> {
    let number = execute(&bench.postgres, DATABASE, query)?;
    number.trim().parse().context("psql did not print a number")
}

/// The memory of a server that has many slow streams under way, and did nothing else before.
fn slow_streams(
    bench: &Bench<'_>,
    data: &Data,
    provider: &RunningProvider,
    stream: Stream,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let what = format!("memory with {STREAMS} streams, {}", stream.in_words());
    eprintln!("Measuring the {what}");
    let server = server(bench, data, provider, "streams")?;
    let mut random = Random(1);
    let request = |project: usize| {
        let path = format!("{}/proxy{}", installed_path(project % PROJECTS), stream.path());
        of_key(data, project % PROJECTS, Request::get(&path), &mut random)
    };
    let requests = (0..STREAMS).map(request).collect();
    let memory = streams::hold(server.port(), stream, requests, bench.plan.seconds, || {
        let (_, peak) = server.memory()?;
        Ok(peak)
    })?;
    lines.push(Line::number(&what, memory as f64 / MEGABYTE, " MB", Some(Bound::Below(200.0))));
    Ok(())
}
