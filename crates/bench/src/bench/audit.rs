//! Measures pages of the audit log, at ten thousand events of one project and at many more.
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

/// How many events the small log has.
const FEW: usize = 10_000;
/// The size of two groups of rare events at the beginning of a log: first those with rare combinations of filters, then
/// those of an actor that does not appear again.
const ODD: usize = 20;
/// The default number of events on a page.
const PAGE: usize = 50;
/// How many requests are prepared for each kind of page.
const PREPARED: usize = 2_000;

/// Providers, actions and actors go together: an event's number determines which of six of each it has. So each of them
/// matches a sixth of the log, and two that do not go together match only its first [`ODD`] events.
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
struct PageKind {
    what: &'static str,
    /// The query for a page that ends before the event with this number.
    query: fn(usize) -> String,
    /// How many events it shows.
    shows: usize,
}

const PAGE_KINDS: [PageKind; 10] = [
    PageKind { what: "first page", query: |_| String::new(), shows: PAGE },
    PageKind { what: "page deep in the log", query: |end| format!("cursor={}", event_id(end)), shows: PAGE },
    PageKind { what: "page of a moment", query: a_moment_before, shows: ODD },
    PageKind { what: "page of a provider", query: |_| provider(), shows: PAGE },
    PageKind {
        what: "page of an action, deep",
        query: |end| format!("{}&cursor={}", action(0), event_id(end)),
        shows: PAGE,
    },
    PageKind { what: "page of an actor", query: |_| format!("actor={}", key(0)), shows: PAGE },
    PageKind { what: "page of an actor of long ago", query: |_| "actor=operator".to_owned(), shows: ODD },
    PageKind {
        what: "page of a provider and an action, rare",
        query: |_| format!("{}&{}", provider(), action(1)),
        shows: ODD,
    },
    PageKind {
        what: "page of a provider and an actor, rare",
        query: |_| format!("{}&actor={}", provider(), key(2)),
        shows: ODD,
    },
    PageKind {
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

/// The id of an event by its number. The number stands in the digits for the time, so that a time lies between any two
/// events.
fn event_id(number: usize) -> String {
    format!("aud_0{number:010}{:015}", 0)
}

/// The time of an event by its number.
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

/// A server with its own log.
struct Log {
    server: Server,
    events: usize,
    data: Data,
}

/// Fills two logs and measures each kind of page on both in turn.
///
/// # Errors
/// When a page does not have the expected events.
pub(super) fn measure(bench: &Bench<'_>, events: usize, lines: &mut Vec<Line>) -> Result<()> {
    const SMALL: &str = "riq_audit_few";
    const LARGE: &str = "riq_audit_many";
    eprintln!("Reading the audit log");
    let few = Log::make(bench, SMALL, FEW)?;
    let many = Log::make(bench, LARGE, events)?;
    for kind in &PAGE_KINDS {
        lines.push(compare(bench, kind, &few, &many).with_context(|| kind.what)?);
    }
    drop((few, many));
    drop_databases(&bench.postgres, &[SMALL, LARGE])
}

fn compare(bench: &Bench<'_>, kind: &PageKind, few: &Log, many: &Log) -> Result<Line> {
    eprintln!("  {}", kind.what);
    let (few_pages, many_pages) = (few.prepare(bench, kind)?, many.prepare(bench, kind)?);
    let tasks = [
        Task::new("few", |seconds| bench.generator.run(few.server.port(), &few_pages, seconds)),
        Task::new("many", |seconds| bench.generator.run(many.server.port(), &many_pages, seconds)),
    ];
    let medians = alternate(&tasks, bench.plan)?;
    Ok(Line {
        what: format!("audit: {}, its time at {} events / at {FEW}", kind.what, many.events),
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
        let first = request(&data, events, &PAGE_KINDS[0], 0);
        let (server, _) = Server::start(&bench.build, &url, bench.directory, database, &first, &[])?;
        Ok(Self { server, events, data })
    }

    /// Prepares requests for a kind of page, spread over the log, and checks the number of events on the first one.
    fn prepare(&self, bench: &Bench<'_>, kind: &PageKind) -> Result<Prepared> {
        let requests: Vec<Request> =
            (0..PREPARED).map(|number| request(&self.data, self.events, kind, number)).collect();
        let prepared =
            Prepared::new(bench.directory, &format!("audit-{}", self.events), Kind::List, &requests)?;
        prepared.check(self.server.port())?;
        let answer = http::send(self.server.port(), &requests[0])?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        let shown = body.matches("\"id\":\"aud_").count();
        ensure!(
            shown == kind.shows,
            "{} shows {shown} events instead of {}: {body}",
            requests[0].path,
            kind.shows
        );
        Ok(prepared)
    }
}

/// A request for a page of a log with `events` events.
fn request(data: &Data, events: usize, kind: &PageKind, number: usize) -> Request {
    // The step is a prime, so that consecutive pages lie far apart. No page ends so early that it would not be full.
    const STEP: usize = 7_368_787;
    const EARLIEST: usize = KINDS * PAGE + 2 * ODD;
    let end = EARLIEST + number * STEP % (events - EARLIEST);
    let (query, keys) = ((kind.query)(end), &data.keys[0]);
    let key = keys[number % keys.len()].clone();
    Request {
        headers: vec![("X-API-Key", key), ("X-Forwarded-For", address(number))],
        ..Request::get(&format!("/api/v1/projects/{}/audit?{query}", project_id(0)))
    }
}

/// Replaces the events in the database. The indexes are dropped before and built again after that, from their own
/// definitions, because updating them row by row would take ten times as long.
fn fill(bench: &Bench<'_>, database: &str, events: usize) -> Result<()> {
    const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_events' AND indexname <> 'audit_events_pkey'";
    const DROP: &str = "DO $$ DECLARE name text; BEGIN FOR name IN SELECT indexname FROM pg_indexes \
                        WHERE tablename = 'audit_events' AND indexname <> 'audit_events_pkey' \
                        LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$";
    let run = |statement: &str| execute(&bench.postgres, database, statement);
    let indexes = run(INDEXES)?;
    run(DROP)?;
    // The table is only read, so it needs no write-ahead log, which would take the same disk space again.
    run("TRUNCATE audit_events; ALTER TABLE audit_events SET UNLOGGED")?;
    run(&insert(events))?;
    for index in indexes.lines() {
        run(&format!("SET maintenance_work_mem = '512MB'; {index}"))?;
    }
    run("VACUUM (ANALYZE) audit_events")?;
    run("CHECKPOINT").map(drop)
}

fn insert(events: usize) -> String {
    // Events below the first bound have rare combinations. Those below the second are of an actor that does not appear
    // again.
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
