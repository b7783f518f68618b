//! Webhooks and events of providers: what telling costs a change, how fast deliveries and events go, and pages of
//! many deliveries.
#![expect(clippy::print_stderr, reason = "shows progress")]

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use riq_server::environment::Environment;
use serde_json::{Value, json};
use sha2::Sha256;

use super::databases::{create_database, drop_databases, execute, number};
use super::equipment::Bench;
use super::fill::{self, CREATED, Data, INSTALLED, organization_of, project_id};
use super::load::Prepared;
use super::report::{Bound, Line};
use super::requests::{Kind, address};
use super::rounds::{Task, alternate};
use super::yardstick::BareRoute;
use crate::http::{self, Answer, Request};
use crate::server::Server;

const TOLD: &str = "riq_told";
const UNTOLD: &str = "riq_untold";
/// How many projects each database has. Each has a webhook.
const PROJECTS: usize = 200;
/// How many changes are prepared: one for each integration.
const CHANGES: usize = PROJECTS * INSTALLED.len();
/// How many events are prepared for each second of a round.
const EVENTS_A_SECOND: u32 = 10_000;
/// How many integrations the events are of, unless they are all of one.
const SOURCES: usize = 50;
const SECRET: &str = "whsec_SECRETofthebenchmark";
/// How many deliveries the webhooks have whose pages are compared.
const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
const PAGE: usize = 50;
/// How long the outbox may take to run empty.
const PATIENCE: Duration = Duration::from_secs(300);

/// Two servers, of which one has webhooks.
struct Pair<'a> {
    bench: &'a Bench<'a>,
    data: Data,
    told: Server,
    untold: Server,
    /// The webhook of each project.
    webhooks: Vec<String>,
}

/// Measures all of it.
///
/// # Errors
/// When a server does not start, or an answer is not the expected one.
pub(super) fn measure(bench: &Bench<'_>, lines: &mut Vec<Line>) -> Result<()> {
    let data = Data::new(PROJECTS);
    let receiver = receiver(bench)?;
    let [told, untold] = [TOLD, UNTOLD].map(|database| start(bench, database, &data));
    let (told, untold) = (told?, untold?);
    let subscribed = (0..PROJECTS).map(|project| subscribe(&told, &data, project, receiver.port()));
    let webhooks = subscribed.collect::<Result<_>>()?;
    let pair = Pair { bench, data, told, untold, webhooks };
    pair.changes(lines)?;
    lines.push(pair.deliveries()?);
    pair.events(lines)?;
    lines.push(pair.pages()?);
    drop(pair);
    drop_databases(&bench.postgres, &[TOLD, UNTOLD])
}

/// A request in a project, by a key that may make it.
fn request_in(data: &Data, method: &'static str, project: usize, below: &str, body: &Value) -> Request {
    Request {
        method,
        path: format!("/api/v1/projects/{}/{below}", project_id(project)),
        headers: vec![
            ("X-API-Key", data.keys[organization_of(project)][0].clone()),
            ("X-Forwarded-For", address(project)),
            ("Content-Type", "application/json".to_owned()),
        ],
        body: if body.is_null() { String::new() } else { body.to_string() },
    }
}

/// Sends a request to a server, and returns the data of the answer.
fn ask(server: &Server, request: &Request) -> Result<Value> {
    let answer = http::send(server.port(), request)?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status < 300, "{} {}: {text}", request.method, request.path);
    Ok(serde_json::from_str::<Value>(&text)?["data"].clone())
}

/// Gives a project a webhook that is told of everything, at a port of the loopback interface. Returns its id.
///
/// # Errors
/// When the server refuses it.
pub(super) fn subscribe(server: &Server, data: &Data, project: usize, port: u16) -> Result<String> {
    let body = json!({"url": format!("http://127.0.0.1:{port}/"), "events": ["*"]});
    let webhook = ask(server, &request_in(data, "POST", project, "webhooks", &body))?;
    Ok(webhook["id"].as_str().context("the webhook has no id")?.to_owned())
}

/// A program that answers everything with 200.
///
/// # Errors
/// When it does not start.
pub(super) fn receiver(bench: &Bench<'_>) -> Result<BareRoute> {
    let answer = Answer { status: 200, headers: Vec::new(), body: Vec::new() };
    BareRoute::start(&bench.build.bench, bench.directory, "receiver", &answer)
}

/// A server on a database of its own, with these projects, which may ask this machine.
///
/// # Errors
/// When it does not start.
pub(super) fn start(bench: &Bench<'_>, database: &'static str, data: &Data) -> Result<Server> {
    create_database(&bench.postgres, &bench.build, database)?;
    let url = bench.postgres.url(database);
    fill::postgres(&url, data)?;
    let first = Kind::List.requests(data, 1).remove(0);
    let loopback = [("RIQ_OUTBOUND_ALLOW", "127.0.0.0/8".to_owned())];
    Ok(Server::start(&bench.build, &url, bench.directory, database, &first, &loopback)?.0)
}

impl Pair<'_> {
    fn request(&self, method: &'static str, project: usize, below: &str, body: &Value) -> Request {
        request_in(&self.data, method, project, below, body)
    }

    /// Sends a request to the server with webhooks, and returns the data of the answer.
    fn ask(&self, request: &Request) -> Result<Value> {
        ask(&self.told, request)
    }

    fn prepared_changes(&self) -> Result<Prepared> {
        let requests = Kind::Patch.requests(&self.data, CHANGES);
        Prepared::new(self.bench.directory, "told", Kind::Patch, &requests)
    }

    /// A change with a webhook that is told of it, beside one without: what one client waits for, and how many changes
    /// a machine does that delivers them meanwhile.
    fn changes(&self, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Changing with webhooks and without");
        let prepared = self.prepared_changes()?;
        let task = |name, server: &Server, connections| {
            let url = format!("http://127.0.0.1:{}/", server.port());
            let (generator, prepared) = (&self.bench.generator, &prepared);
            Task::new(name, move |seconds| generator.run_at(&url, connections, prepared, seconds))
        };
        let tasks = [
            task("untold, one connection", &self.untold, 1),
            task("told, one connection", &self.told, 1),
            task("untold", &self.untold, 32),
            task("told", &self.told, 32),
        ];
        let medians = alternate(&tasks, self.bench.plan)?;
        let line = |what: &str, name, beside, measured, bound| -> Result<Line> {
            Ok(Line {
                what: what.to_owned(),
                round: Some(medians.get(name)?),
                beside: Some(("without a webhook".to_owned(), medians.get(beside)?.per_second)),
                measured,
                unit: "",
                bound,
            })
        };
        let (told, untold) = ("told, one connection", "untold, one connection");
        let slower = medians.latency_ratio(told, untold)?;
        let what = "PATCH with a webhook, its p50 with one connection / without";
        lines.push(line(what, told, untold, slower, Some(Bound::Below(1.2)))?);
        let fewer = medians.ratio("untold", "told")?;
        lines.push(line(
            "PATCH with a webhook and the delivery, its time / without",
            "told",
            "untold",
            fewer,
            None,
        )?);
        Ok(())
    }

    /// How fast one replica delivers what has waited, from when the first webhook is switched on.
    fn deliveries(&self) -> Result<Line> {
        eprintln!("Delivering");
        self.until_delivered()?;
        self.set_all("disabled")?;
        self.bench.generator.run(self.told.port(), &self.prepared_changes()?, self.bench.plan.seconds)?;
        let waiting = self.waiting()?;
        ensure!(waiting > 0.0, "nothing waits to be delivered");
        let begun = Instant::now();
        self.set_all("active")?;
        self.until_delivered()?;
        let rate = waiting / begun.elapsed().as_secs_f64();
        Ok(Line::number("deliveries by one replica", rate, " a second", Some(Bound::AtLeast(1_000.0))))
    }

    /// Switches every webhook on or off.
    fn set_all(&self, status: &str) -> Result<()> {
        for (project, webhook) in self.webhooks.iter().enumerate() {
            let below = format!("webhooks/{webhook}");
            self.ask(&self.request("PATCH", project, &below, &json!({"status": status})))?;
        }
        Ok(())
    }

    fn until_delivered(&self) -> Result<()> {
        let begun = Instant::now();
        while self.waiting()? > 0.0 {
            ensure!(begun.elapsed() < PATIENCE, "the outbox does not run empty");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn waiting(&self) -> Result<f64> {
        let count = "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'";
        number(&self.bench.postgres, TOLD, count)
    }

    fn sql(&self, statement: &str) -> Result<String> {
        execute(&self.bench.postgres, TOLD, statement)
    }

    /// Events of a provider, each with an id of its own, stored before they are answered.
    fn events(&self, lines: &mut Vec<Line>) -> Result<()> {
        eprintln!("Taking events of providers");
        let paths: Vec<_> = (0..SOURCES).map(|project| self.event_path(project)).collect::<Result<_>>()?;
        let round = Cell::new(0);
        let take = |name, paths: &[String]| {
            let paths = paths.to_vec();
            let round = &round;
            Task::new(name, move |seconds| {
                round.set(round.get() + 1);
                let path = |at: u32| &paths[at as usize % paths.len()];
                let count = seconds * EVENTS_A_SECOND;
                let events: Vec<Request> = (0..count).map(|at| event(path(at), round.get(), at)).collect();
                let prepared = Prepared::new(self.bench.directory, "events", Kind::List, &events)?;
                self.bench.generator.run(self.told.port(), &prepared, seconds)
            })
        };
        let medians =
            alternate(&[take("events", &paths), take("events of one", &paths[..1])], self.bench.plan)?;
        for (what, name, bounds) in [
            ("events of providers, stored and answered", "events", true),
            ("the same, all of one integration", "events of one", false),
        ] {
            let round = medians.get(name)?;
            let rate = bounds.then_some(Bound::AtLeast(2_000.0));
            lines
                .push(Line { round: Some(round), ..Line::number(what, round.per_second, " a second", rate) });
            let p99 = bounds.then_some(Bound::Below(20.0));
            lines.push(Line::number(&format!("{what}, p99"), round.p99, " ms", p99));
        }
        Ok(())
    }

    /// The path of the address at which a project's integration takes events, which are signed with [`SECRET`].
    fn event_path(&self, project: usize) -> Result<String> {
        let secret = json!({"secret": SECRET});
        let secret = self.request("PUT", project, "integrations/stripe/event-source/secret", &secret);
        let source = self.ask(&secret)?;
        let url = source["url"].as_str().context("the address is not shown")?;
        let at = url.find("/hooks/").context("the address has no path")?;
        Ok(url[at..].to_owned())
    }

    /// A page of a million deliveries beside one of a thousand.
    fn pages(&self) -> Result<Line> {
        eprintln!("Reading deliveries");
        let mut prepared = Vec::new();
        for (place, count) in [FEW, MANY].into_iter().enumerate() {
            self.sql(&fill_deliveries(place, count))?;
            let below = format!("webhooks/{}/deliveries?limit={PAGE}", webhook_id(place));
            let request = self.request("GET", place, &below, &Value::Null);
            let shown = self.ask(&request)?.as_array().map_or(0, Vec::len);
            ensure!(shown == PAGE, "the page of {count} deliveries has {shown}");
            let name = format!("deliveries-{count}");
            prepared.push(Prepared::new(
                self.bench.directory,
                &name,
                Kind::List,
                &[request.clone(), request],
            )?);
        }
        self.sql("ANALYZE")?;
        let load = |name, prepared| {
            Task::new(name, move |seconds| self.bench.generator.run(self.told.port(), prepared, seconds))
        };
        let medians = alternate(&[load("few", &prepared[0]), load("many", &prepared[1])], self.bench.plan)?;
        Ok(Line {
            what: format!("page of deliveries, its time at {MANY} / at {FEW}"),
            round: Some(medians.get("many")?),
            beside: Some((format!("at {FEW} deliveries"), medians.get("few")?.per_second)),
            measured: medians.ratio("few", "many")?,
            unit: "",
            bound: Some(Bound::Below(1.15)),
        })
    }
}

/// An event as Stripe sends it.
fn event(path: &str, round: u32, number: u32) -> Request {
    let body = format!(r#"{{"id":"evt_{round}_{number}","type":"charge.refunded"}}"#);
    let at = Environment::system().now().unix_timestamp();
    let signed = format!("{at}.{body}");
    let signature = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).map(|mut mac| {
        mac.update(signed.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    let headers = vec![
        ("stripe-signature", format!("t={at},v1={}", signature.unwrap_or_default())),
        ("X-Forwarded-For", address(number as usize % (1 << 17))),
    ];
    Request { method: "POST", path: path.to_owned(), headers, body }
}

fn webhook_id(place: usize) -> String {
    format!("whk_{place:026}")
}

/// Gives a project a webhook with this many deliveries, and an event for each.
fn fill_deliveries(place: usize, count: usize) -> String {
    let (webhook, project) = (webhook_id(place), project_id(place));
    let id = |prefix: &str| format!("'{prefix}_' || lpad((n + {place} * {MANY})::text, 26, '0')");
    let (event, delivery) = (id("evt"), id("dlv"));
    format!(
        "INSERT INTO webhooks (id, project_id, url, events, status, created_at) \
         VALUES ('{webhook}', '{project}', 'https://hooks.example/', '[\"webhook.none\"]', 'disabled', {CREATED}); \
         INSERT INTO webhook_events (id, project_id, kind, number, body, created_at) \
         SELECT {event}, '{project}', 'integration.installed', n, '{{}}', {CREATED} \
         FROM generate_series(0, {count} - 1) n; \
         INSERT INTO webhook_deliveries (id, webhook_id, event_id, stream, number, status, created_at) \
         SELECT {delivery}, '{webhook}', {event}, {event}, n, 'delivered', {CREATED} \
         FROM generate_series(0, {count} - 1) n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_an_id_of_its_own() {
        let [one, other] = [event("/hooks/x", 1, 2), event("/hooks/x", 2, 1)];
        assert_ne!(one.body, other.body);
        assert!(one.headers[0].1.starts_with("t=") && one.headers[0].1.contains(",v1="), "{one:?}");
    }
}
