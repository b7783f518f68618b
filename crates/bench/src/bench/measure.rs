//! The measurements: what is compared with what, and the targets.
#![expect(clippy::print_stderr, reason = "shows progress")]

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::databases::{LARGE_DATABASE, SMALL, SMALL_DATABASE, SQLITE_FILE, execute, sqlite_url};
use super::equipment::{Bench, MEGABYTE};
use super::fill::Data;
use super::load::Prepared;
use super::options::{Options, Part};
use super::report::{Bound, Line};
use super::requests::Kind;
use super::rounds::{Medians, Task, alternate};
use super::yardstick::{ACTOR, BareRoute, Length, Script};
use super::{accounts, audit, calls, catalog, claim, endpoints, pages, probes, webhooks};
use crate::http::{self, Request};
use crate::server::{Build, Server, Start};

/// How many requests are prepared for a measurement.
const PREPARED: usize = 40_000;

impl Bench<'_> {
    /// Runs the measurements that the options ask for.
    ///
    /// # Errors
    /// When a server does not start, or an answer is not the expected one.
    pub(super) fn measure(&self, options: &Options, lines: &mut Vec<Line>) -> Result<()> {
        if options.measures_requests() {
            self.requests(options, lines)?;
        }
        if options.measures(Part::Catalog) {
            catalog::measure(lines)?;
        }
        if options.measures(Part::Audit) {
            audit::measure(self, options.audit_events(), lines)?;
        }
        if options.measures(Part::Claim) {
            claim::measure(self, options.monitors(), lines)?;
        }
        if options.measures(Part::Probes) {
            probes::measure(self, options.probed(), lines)?;
        }
        if options.measures(Part::Accounts) {
            accounts::measure(self, lines)?;
        }
        if options.measures(Part::Calls) {
            calls::measure(self, lines)?;
        }
        if options.measures(Part::Webhooks) {
            webhooks::measure(self, lines)?;
            lines.push(endpoints::measure(self)?);
        }
        Ok(())
    }

    /// Measures the parts that need many projects.
    fn requests(&self, options: &Options, lines: &mut Vec<Line>) -> Result<()> {
        self.start_up(lines)?;
        let (server, _) = self.server("large", &self.postgres.url(LARGE_DATABASE))?;
        let pgbench = Script::list(self.directory, self.data.projects)?;
        if options.measures(Part::Reads) {
            self.reads(&server, &pgbench, lines)?;
            if let Some(old) = &options.old {
                self.beside_old(old, &server, lines)?;
            }
        }
        if options.measures(Part::Sqlite) {
            self.sqlite(&pgbench, lines)?;
        }
        if options.measures(Part::Refused) {
            self.refused(&server, lines)?;
        }
        if options.measures(Part::Patch) {
            self.patch(&server, lines)?;
        }
        if options.measures(Part::Pages) {
            eprintln!("Looking at pages");
            pages::measure(server.port(), &self.data, lines)?;
        }
        memory("PostgreSQL", &server, lines)?;
        let size = self.build.size()? as f64 / MEGABYTE;
        lines.push(Line::number("size of the binary", size, " MB", Some(Bound::Below(35.0))));
        Ok(())
    }

    fn server(&self, name: &str, database_url: &str) -> Result<(Server, Start)> {
        Server::start(&self.build, database_url, self.directory, name, &self.list_request(), &[])
    }

    fn list_request(&self) -> Request {
        Kind::List.requests(&Data::new(SMALL), 1).remove(0)
    }

    fn prepare(&self, kind: Kind, data: &Data) -> Result<Prepared> {
        let name = format!("{kind:?}-{}", data.projects);
        Prepared::new(self.directory, &name, kind, &kind.requests(data, PREPARED))
    }

    fn load<'t>(&'t self, name: &'static str, server: &'t Server, prepared: &'t Prepared) -> Task<'t> {
        Task::new(name, move |seconds| self.generator.run(server.port(), prepared, seconds))
    }

    fn bare<'t>(&'t self, name: &'static str, route: &'t BareRoute, prepared: &'t Prepared) -> Task<'t> {
        Task::new(name, move |seconds| self.generator.run(route.port(), prepared, seconds))
    }

    fn pgbench<'t>(&'t self, name: &'static str, script: &'t Script) -> Task<'t> {
        Task::new(name, move |seconds| script.run(&self.postgres, LARGE_DATABASE, Length::Seconds(seconds)))
    }

    /// Measures the time from the start of the process to the first answers, on a filled database: the median of five.
    fn start_up(&self, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Starting the server five times");
        let mut starts = Vec::new();
        for _ in 0..5 {
            let (_, start) = self.server("start", &self.postgres.url(LARGE_DATABASE))?;
            starts.push((start.answering.as_secs_f64() * 1e3, start.healthy.as_secs_f64() * 1e3));
        }
        starts.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (answering, healthy) = starts[starts.len() / 2];
        lines.push(Line::number("start to healthy", healthy, " ms", Some(Bound::Below(300.0))));
        lines.push(Line::number("start to first list answered", answering, " ms", Some(Bound::Below(300.0))));
        Ok(())
    }

    fn reads(&self, server: &Server, pgbench: &Script, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Reading on PostgreSQL");
        let small_data = Data::new(SMALL);
        let (small, _) = self.server("small", &self.postgres.url(SMALL_DATABASE))?;
        let bare = self.bare_route("list", server, &self.list_request())?;
        let list = self.prepare(Kind::List, &self.data)?;
        let (entry, filtered) =
            (self.prepare(Kind::Entry, &self.data)?, self.prepare(Kind::Filtered, &self.data)?);
        let small_list = self.prepare(Kind::List, &small_data)?;
        let check = || -> Result<()> {
            [&list, &entry, &filtered].into_iter().try_for_each(|prepared| prepared.check(server.port()))
        };
        check()?;
        let tasks = [
            self.pgbench("pgbench SELECT", pgbench),
            self.load("list", server, &list),
            self.load("entry", server, &entry),
            self.load("filtered", server, &filtered),
            self.load("list at 1,000", &small, &small_list),
            self.bare("bare route", &bare, &list),
        ];
        let medians = alternate(&tasks, self.plan)?;
        check()?;
        reading_lines("PostgreSQL", &medians, [Some(1.0), Some(0.30), Some(0.30)], lines)?;
        let list = medians.get("list")?;
        let p99 = Line::number("list on PostgreSQL, p99", list.p99, " ms", Some(Bound::Below(10.0)));
        lines.push(p99);
        lines.push(Line::ratio("list on PostgreSQL", &medians, "list", "bare route", None)?);
        let slower = medians.ratio("list at 1,000", "list")?;
        let what = format!("list at {} projects, its time / at 1,000", self.data.projects);
        lines.push(Line::number(&what, slower, "", Some(Bound::Below(1.15))));
        Ok(())
    }

    /// Compares lists with those of an older build on the same database.
    fn beside_old(&self, old: &Path, server: &Server, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Reading beside {}", old.display());
        let old = Build { server: old.to_owned(), bench: self.build.bench.clone() };
        let database = self.postgres.url(LARGE_DATABASE);
        // It may not know scopes that came later.
        let scopes =
            "UPDATE api_keys SET scopes = 'integrations:write' WHERE scopes LIKE 'integrations:write,%'";
        execute(&self.postgres, LARGE_DATABASE, scopes)?;
        let (old, _) = Server::start(&old, &database, self.directory, "old", &self.list_request(), &[])?;
        let list = self.prepare(Kind::List, &self.data)?;
        let one = |name, server: &Server| {
            let url = format!("http://127.0.0.1:{}/", server.port());
            let (generator, list) = (&self.generator, &list);
            Task::new(name, move |seconds| generator.run_at(&url, 1, list, seconds))
        };
        let tasks = [
            one("one connection, old", &old),
            one("one connection", server),
            self.load("list, old", &old, &list),
            self.load("list", server, &list),
        ];
        let medians = alternate(&tasks, self.plan)?;
        lines.push(Line::ratio("list / that of the older build", &medians, "list", "list, old", None)?);
        let slower = medians.latency_ratio("one connection", "one connection, old")?;
        lines.push(Line {
            round: Some(medians.get("one connection")?),
            ..Line::number(
                "list with one connection, its p50 / the older build's",
                slower,
                "",
                Some(Bound::Below(1.05)),
            )
        });
        Ok(())
    }

    fn sqlite(&self, pgbench: &Script, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Reading and writing on SQLite");
        let (server, _) = self.server("sqlite", &sqlite_url(&self.directory.join(SQLITE_FILE)))?;
        let list = self.prepare(Kind::List, &self.data)?;
        let (entry, filtered) =
            (self.prepare(Kind::Entry, &self.data)?, self.prepare(Kind::Filtered, &self.data)?);
        let patch = self.prepare(Kind::Patch, &self.data)?;
        list.check(server.port())?;
        let tasks = [
            self.pgbench("pgbench SELECT", pgbench),
            self.load("list", &server, &list),
            self.load("entry", &server, &entry),
            self.load("filtered", &server, &filtered),
        ];
        let medians = alternate(&tasks, self.plan)?;
        list.check(server.port())?;
        reading_lines("SQLite", &medians, [Some(0.8), None, None], lines)?;
        let medians = alternate(&[self.load("PATCH", &server, &patch)], self.plan)?;
        let patch = medians.get("PATCH")?;
        lines.push(Line {
            round: Some(patch),
            ..Line::number("PATCH on SQLite, p99", patch.p99, " ms", None)
        });
        memory("SQLite", &server, lines)
    }

    fn refused(&self, server: &Server, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Refusing");
        let kinds = [
            ("malformed key", Kind::MalformedKey),
            ("unknown key", Kind::UnknownKey),
            ("missing scope", Kind::MissingScope),
            ("unknown project", Kind::UnknownProject),
        ];
        let sample = Kind::MalformedKey.requests(&self.data, 1).remove(0);
        let bare = self.bare_route("refused", server, &sample)?;
        let prepared =
            kinds.iter().map(|(_, kind)| self.prepare(*kind, &self.data)).collect::<Result<Vec<_>>>()?;
        let check = || prepared.iter().try_for_each(|prepared| prepared.check(server.port()));
        check()?;
        let mut tasks = vec![self.bare("bare route", &bare, &prepared[0])];
        for ((name, _), prepared) in kinds.iter().zip(&prepared) {
            tasks.push(self.load(name, server, prepared));
        }
        let medians = alternate(&tasks, self.plan)?;
        check()?;
        for (name, _) in kinds {
            let what = format!("refused: {name}");
            lines.push(Line::ratio(&what, &medians, name, "bare route", Some(Bound::AtLeast(0.65)))?);
        }
        Ok(())
    }

    fn patch(&self, server: &Server, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Changing on PostgreSQL");
        let script = Script::patch(self.directory, self.data.projects)?;
        let prepared = self.prepare(Kind::Patch, &self.data)?;
        let before = self.recorded_events()?;
        let answered = std::cell::Cell::new(0.0);
        let patch = Task::new("PATCH", |seconds| {
            let round = self.generator.run(server.port(), &prepared, seconds)?;
            answered.set(answered.get() + round.requests);
            Ok(round)
        });
        let medians = alternate(&[self.pgbench("pgbench transaction", &script), patch], self.plan)?;
        let recorded = self.recorded_events()? - before;
        ensure!(
            recorded >= answered.get(),
            "{} PATCHes were answered but only {recorded} events recorded: some changed nothing, so the measurement is \
             not valid",
            answered.get()
        );
        let (yardstick, bound) = ("pgbench transaction", Some(Bound::AtLeast(0.8)));
        lines.push(Line::ratio("PATCH on PostgreSQL", &medians, "PATCH", yardstick, bound)?);
        Ok(())
    }

    /// The number of audit events that the server recorded.
    fn recorded_events(&self) -> Result<f64> {
        let query = format!("SELECT count(*) FROM audit_events WHERE actor_key_id <> {ACTOR}");
        let count = execute(&self.postgres, LARGE_DATABASE, &query)?;
        count.trim().parse().context("psql did not print a number")
    }

    /// A bare route that sends the server's answer to a request.
    fn bare_route(&self, name: &str, server: &Server, request: &Request) -> Result<BareRoute> {
        let answer = http::send(server.port(), request)?;
        BareRoute::start(&self.build.bench, self.directory, name, &answer)
    }
}

/// Adds lines that compare the three reading routes with pgbench.
fn reading_lines(
    database: &str,
    medians: &Medians,
    ratios: [Option<f64>; 3],
    lines: &mut Vec<Line>,
) -> Result<()> {
    let names = [("list", "list"), ("entry", "one catalog entry"), ("filtered", "filtered catalog")];
    for ((name, title), ratio) in names.into_iter().zip(ratios) {
        let what = format!("{title} on {database}");
        lines.push(Line::ratio(&what, medians, name, "pgbench SELECT", ratio.map(Bound::AtLeast))?);
    }
    Ok(())
}

fn memory(database: &str, server: &Server, lines: &mut Vec<Line>) -> Result<()> {
    let (now, peak) = server.memory()?;
    let what = |when| format!("memory on {database}, {when}");
    lines.push(Line::number(&what("at most"), peak as f64 / MEGABYTE, " MB", Some(Bound::Below(100.0))));
    lines.push(Line::number(&what("after load"), now as f64 / MEGABYTE, " MB", None));
    Ok(())
}
