//! Compares twelve accounts of one provider with twelve providers: a project's list and its page.
#![expect(clippy::print_stderr, reason = "shows progress")]

use anyhow::Result;

use super::databases::{create_database, drop_databases};
use super::equipment::Bench;
use super::fill::{self, Data, Installed};
use super::load::Prepared;
use super::pages;
use super::report::{Bound, Line};
use super::requests;
use super::rounds::{Task, alternate};
use crate::server::Server;

/// How many projects each kind has.
const PROJECTS: usize = 1_000;
/// How many requests are prepared for a list.
const PREPARED: usize = 10_000;
/// A kind of projects: its name, its database, and what is installed.
type Kind = (&'static str, &'static str, fn() -> Result<Vec<Installed>>);
/// The kinds that are compared.
const KINDS: [Kind; 2] = [
    ("accounts", "riq_accounts", fill::twelve_accounts),
    ("providers", "riq_providers", fill::twelve_providers),
];

/// Measures both kinds of projects, each with a server and a database of its own.
///
/// # Errors
/// When a server does not start, or an answer is not the expected one.
pub(super) fn measure(bench: &Bench<'_>, lines: &mut Vec<Line>) -> Result<()> {
    eprintln!("Twelve accounts of one provider, and twelve providers");
    let data = Data::new(PROJECTS);
    let lists = requests::Kind::List.requests(&data, PREPARED);
    let prepared = Prepared::new(bench.directory, "accounts", requests::Kind::List, &lists)?;
    let mut servers = Vec::new();
    for (name, database, installed) in KINDS {
        create_database(&bench.postgres, &bench.build, database)?;
        let url = bench.postgres.url(database);
        fill::postgres_installed(&url, &data, &installed()?)?;
        let (server, _) = Server::start(&bench.build, &url, bench.directory, name, &lists[0], &[])?;
        prepared.check(server.port())?;
        servers.push((name, server));
    }
    let tasks: Vec<Task<'_>> = servers
        .iter()
        .map(|(name, server)| {
            Task::new(name, |seconds| bench.generator.run(server.port(), &prepared, seconds))
        })
        .collect();
    let medians = alternate(&tasks, bench.plan)?;
    drop(tasks);
    let bound = Some(Bound::AtLeast(0.95));
    lines.push(Line::ratio("list of twelve accounts", &medians, "accounts", "providers", bound)?);
    let [accounts, providers] =
        [&servers[0].1, &servers[1].1].map(|server| pages::project(server.port(), &data));
    let slower = accounts? / providers?;
    let what = "page of twelve accounts, its time / of twelve providers";
    lines.push(Line::number(what, slower, "", Some(Bound::Below(1.1))));
    drop(servers);
    drop_databases(&bench.postgres, &KINDS.map(|(_, database, _)| database))
}
