//! Pages of the audit log: at ten thousand events of one project, and at many more.
#![expect(clippy::print_stderr, reason = "shows progress")]

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use integrations_core::audit::AuditAction;
use integrations_core::ids::{ApiKeyId, AuditEventId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::databases::{create_database, drop_databases, execute};
use super::equipment::Bench;
use super::fill::{self, CREATED, Data, INSTALLED, organization_id, project_id};
use super::load::Prepared;
use super::report::{Bound, Line};
use super::requests::{Kind, address};
use super::rounds::{Task, alternate};
use crate::http::{self, Request};
use crate::server::Server;

/// How many events the small log holds.
const FEW: usize = 10_000;
/// How many of a log's oldest events are unlike the others, and how many after them.
const ODD: usize = 20;
/// Events on a page where the client does not say.
const PAGE: usize = 50;
/// Requests that are prepared for each kind of page.
const PREPARED: usize = 2_000;

/// Providers, actions and actors go together: an event's place in the log says which of six of each it has. So each of
/// them matches a sixth of the log, and two that do not go together match its first [`ODD`] events alone.
const KINDS: usize = INSTALLED.len();
const ACTIONS: [AuditAction; KINDS] = [
    AuditAction::IntegrationInstalled,
    AuditAction::IntegrationLifecycleUpdated,
    AuditAction::IntegrationDisconnected,
    AuditAction::ProjectCreated,
    AuditAction::ApiKeyCreated,
    AuditAction::ApiKeyRevoked,
];

/// A kind of page.
struct Look {
    what: &'static str,
    /// The query for a page that ends before the event with this number.
    query: fn(usize) -> String,
    /// How many events it shows.
    shows: usize,
}

const LOOKS: [Look; 10] = [
    Look { what: "first page", query: |_| String::new(), shows: PAGE },
    Look { what: "page deep in the log", query: |end| format!("cursor={}", event_id(end)), shows: PAGE },
    Look { what: "page of a moment", query: a_moment_before, shows: ODD },
    Look { what: "page of a provider", query: |_| provider(), shows: PAGE },
    Look {
        what: "page of an action, deep",
        query: |end| format!("{}&cursor={}", action(0), event_id(end)),
        shows: PAGE,
    },
    Look { what: "page of an actor", query: |_| format!("actor={}", key(0)), shows: PAGE },
    Look { what: "page of an actor of long ago", query: |_| "actor=operator".to_owned(), shows: ODD },
    Look {
        what: "page of a provider and an action, rare",
        query: |_| format!("{}&{}", provider(), action(1)),
        shows: ODD,
    },
    Look {
        what: "page of a provider and an actor, rare",
        query: |_| format!("{}&actor={}", provider(), key(2)),
        shows: ODD,
    },
    Look {
        what: "page of an action and an actor, rare",
        query: |_| format!("{}&actor={}", action(1), key(2)),
        shows: ODD,
    },
];

fn provider() -> String {
    format!("provider={}", INSTALLED[0])
}

fn action(kind: usize) -> String {
    format!("action={}", ACTIONS[kind].as_str())
}

fn key(kind: usize) -> ApiKeyId {
    ApiKeyId::from_bits(kind as u128)
}

/// The id of an event by its number, in the digits that tell the time, so that a moment lies between two events.
fn event_id(number: usize) -> String {
    format!("aud_0{number:010}{:015}", 0)
}

/// The moment of an event by its number.
fn moment(number: usize) -> String {
    let id: Option<AuditEventId> = event_id(number).parse().ok();
    let nanoseconds = id.map_or(0, |id| (id.bits() >> 72) * 1_000);
    let moment = i128::try_from(nanoseconds).map(OffsetDateTime::from_unix_timestamp_nanos);
    let moment = moment.ok().and_then(Result::ok).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

fn a_moment_before(end: usize) -> String {
    format!("since={}&until={}", moment(end - ODD), moment(end))
}

/// A server on a log of its own.
struct Log {
    server: Server,
    events: usize,
    data: Data,
}

/// Fills two logs and measures each kind of page on both in turn.
///
/// # Errors
/// When a page does not show what it is to show.
pub(super) fn measure(bench: &Bench<'_>, events: usize, lines: &mut Vec<Line>) -> Result<()> {
    const SMALL: &str = "riq_audit_few";
    const LARGE: &str = "riq_audit_many";
    eprintln!("Reading the audit log");
    let few = Log::make(bench, SMALL, FEW)?;
    let many = Log::make(bench, LARGE, events)?;
    for look in &LOOKS {
        lines.push(compare(bench, look, &few, &many).with_context(|| look.what)?);
    }
    drop((few, many));
    drop_databases(&bench.postgres, &[SMALL, LARGE])
}

fn compare(bench: &Bench<'_>, look: &Look, few: &Log, many: &Log) -> Result<Line> {
    eprintln!("  {}", look.what);
    let (few_pages, many_pages) = (few.prepare(bench, look)?, many.prepare(bench, look)?);
    let tasks = [
        Task::new("few", |seconds| bench.generator.run(few.server.port(), &few_pages, seconds)),
        Task::new("many", |seconds| bench.generator.run(many.server.port(), &many_pages, seconds)),
    ];
    let medians = alternate(&tasks, bench.plan)?;
    Ok(Line {
        what: format!("audit: {}, its time at {} events / at {FEW}", look.what, many.events),
        round: Some(medians.get("many")?),
        beside: Some((format!("at {FEW} events"), medians.get("few")?.per_second)),
        measured: medians.ratio("few", "many")?,
        unit: "",
        bound: Some(Bound::Below(1.3)),
    })
}

impl Log {
    /// Fills a log and starts a server on it.
    fn make(bench: &Bench<'_>, database: &str, events: usize) -> Result<Self> {
        let started = Instant::now();
        let data = Data::of_one_project();
        create_database(&bench.postgres, &bench.build, database)?;
        fill::postgres(&bench.postgres.url(database), &data)?;
        fill(bench, database, events)?;
        eprintln!("Filled {events} audit events in {:.1} s", started.elapsed().as_secs_f64());
        let url = bench.postgres.url(database);
        let first = request(&data, events, &LOOKS[0], 0);
        let (server, _) = Server::start(&bench.build, &url, bench.directory, database, &first, &[])?;
        Ok(Self { server, events, data })
    }

    /// Requests for a kind of page, ending all over the log; the first one shows as many events as it is to.
    fn prepare(&self, bench: &Bench<'_>, look: &Look) -> Result<Prepared> {
        let requests: Vec<Request> =
            (0..PREPARED).map(|number| request(&self.data, self.events, look, number)).collect();
        let prepared =
            Prepared::new(bench.directory, &format!("audit-{}", self.events), Kind::List, &requests)?;
        prepared.check(self.server.port())?;
        let answer = http::send(self.server.port(), &requests[0])?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        let shown = body.matches("\"id\":\"aud_").count();
        ensure!(
            shown == look.shows,
            "{} shows {shown} events instead of {}: {body}",
            requests[0].path,
            look.shows
        );
        Ok(prepared)
    }
}

/// A request for a page of a log of so many events.
fn request(data: &Data, events: usize, look: &Look, number: usize) -> Request {
    // A prime, so that neighbours lie far apart; never so early that a page would not be full.
    const STEP: usize = 7_368_787;
    const EARLIEST: usize = KINDS * PAGE + 2 * ODD;
    let end = EARLIEST + number * STEP % (events - EARLIEST);
    let (query, keys) = ((look.query)(end), &data.keys[0]);
    let key = keys[number % keys.len()].clone();
    Request {
        headers: vec![("X-API-Key", key), ("X-Forwarded-For", address(number))],
        ..Request::get(&format!("/api/v1/projects/{}/audit?{query}", project_id(0)))
    }
}

/// Puts the events in place of those that are there. The indexes are built after them, by their own definitions: rows
/// that come one by one would take ten times as long.
fn fill(bench: &Bench<'_>, database: &str, events: usize) -> Result<()> {
    const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_events' AND indexname <> 'audit_events_pkey'";
    const DROP: &str = "DO $$ DECLARE name text; BEGIN FOR name IN SELECT indexname FROM pg_indexes \
                        WHERE tablename = 'audit_events' AND indexname <> 'audit_events_pkey' \
                        LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$";
    let run = |statement: &str| execute(&bench.postgres, database, statement);
    let indexes = run(INDEXES)?;
    run(DROP)?;
    // What is only read needs no log to be restored from, which would take as much of the disk again.
    run("TRUNCATE audit_events; ALTER TABLE audit_events SET UNLOGGED")?;
    run(&insert(events))?;
    for index in indexes.lines() {
        run(&format!("SET maintenance_work_mem = '512MB'; {index}"))?;
    }
    run("VACUUM (ANALYZE) audit_events")?;
    run("CHECKPOINT").map(drop)
}

fn insert(events: usize) -> String {
    // Below the first bound the odd ones, below the second those of an actor who came never again.
    let (odd, ago) = (ODD, 2 * ODD);
    let kind = |of_the_odd: usize| format!("CASE WHEN n < {odd} THEN {of_the_odd} ELSE n % {KINDS} END");
    let actions = ACTIONS.map(AuditAction::as_str).join("', '");
    format!(
        "INSERT INTO audit_events (id, organization_id, project_id, integration_id, provider, action, actor_kind, \
         actor_key_id, request_id, changes, created_at) \
         SELECT 'aud_0' || lpad(n::text, 10, '0') || repeat('0', 15), '{organization}', '{project}', \
         'int_' || lpad('0', 26, '0'), (ARRAY['{providers}'])[1 + {provider}], (ARRAY['{actions}'])[1 + {action}], \
         CASE WHEN n >= {odd} AND n < {ago} THEN 'operator' ELSE 'api_key' END, \
         CASE WHEN n < {odd} OR n >= {ago} THEN 'key_' || lpad(({actor})::text, 26, '0') END, 'req_' || n, \
         '[{{\"path\":\"sidebar_enabled\",\"from\":false,\"to\":true}}]', {CREATED}::timestamptz \
         FROM generate_series(0, {events} - 1) n",
        organization = organization_id(0),
        project = project_id(0),
        providers = INSTALLED.join("', '"),
        provider = kind(0),
        action = kind(1),
        actor = kind(2),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ids_and_sort_by_their_number() {
        let ids: Vec<AuditEventId> =
            [0, 9, 10, 9_999_999].iter().map(|number| event_id(*number).parse().unwrap()).collect();
        assert!(ids.is_sorted());
        assert!(moment(9_999) < moment(10_000), "{}", moment(10_000));
    }
}
