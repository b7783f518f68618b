//! Very many webhooks, of which a tenth do not answer: how long the others wait.
#![expect(clippy::print_stderr, reason = "shows progress")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::databases::{drop_databases, number};
use super::equipment::Bench;
use super::fill::Data;
use super::load::Prepared;
use super::report::{Bound, Line};
use super::requests::Kind;
use super::webhooks::{receiver, start, subscribe};

const DATABASE: &str = "riq_endpoints";
/// How many projects there are, each with a webhook of its own.
const ENDPOINTS: usize = 10_000;
/// Every how many webhooks one does not answer.
const EVERY: usize = 10;
/// How many changes are prepared. Each is of another project until all had one.
const CHANGES: usize = 2 * ENDPOINTS;
/// How long one client makes changes, in seconds: longer than a receiver may take to answer, so that those which hang
/// have as many places as they ever get.
const SECONDS: u32 = 40;
/// How long the healthy ones may take to get the rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures the longest wait of a webhook that answers.
///
/// # Errors
/// When a server does not start, or a healthy webhook is not told.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Line> {
    eprintln!("Telling {ENDPOINTS} webhooks, of which every {EVERY}th hangs");
    let data = Data::new(ENDPOINTS);
    let healthy = receiver(bench)?;
    let hanging = hang()?;
    let server = start(bench, DATABASE, &data)?;
    for project in 0..ENDPOINTS {
        let port = if project % EVERY == 0 { hanging } else { healthy.port() };
        subscribe(&server, &data, project, port)?;
    }
    let changes = Kind::Patch.requests(&data, CHANGES);
    let prepared = Prepared::new(bench.directory, "endpoints", Kind::Patch, &changes)?;
    let url = format!("http://127.0.0.1:{}/", server.port());
    let made = bench.generator.run_at(&url, 1, &prepared, SECONDS)?;
    let number = |what: &str| number(&bench.postgres, DATABASE, what);
    let begun = Instant::now();
    while number(&of("count(*)", healthy.port(), "a.at IS NULL"))? > 0.0 {
        ensure!(begun.elapsed() < PATIENCE, "a webhook that answers is not told");
        std::thread::sleep(Duration::from_millis(100));
    }
    let hang = number(&of("count(DISTINCT d.webhook_id)", hanging, "TRUE"))?;
    ensure!(hang > 0.0, "no webhook was told that hangs");
    let waited = "max(extract(epoch FROM a.at - d.created_at)) * 1000";
    let longest = number(&of(waited, healthy.port(), "TRUE"))?;
    drop(server);
    drop_databases(&bench.postgres, &[DATABASE])?;
    let what = format!(
        "longest wait of a webhook among {ENDPOINTS}, {:.0} changes a second, {hang} hang",
        made.per_second
    );
    Ok(Line::number(&what, longest, " ms", Some(Bound::Below(1_000.0))))
}

/// Takes every connection and never answers. Returns the port.
fn hang() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        let _held: Vec<TcpStream> = listener.incoming().flatten().collect();
    });
    Ok(port)
}

/// Something of the deliveries to the webhooks of a port, with their first attempts.
fn of(what: &str, port: u16, condition: &str) -> String {
    format!(
        "SELECT {what} FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id \
         LEFT JOIN webhook_attempts a ON a.delivery_id = d.id AND a.number = 1 \
         WHERE w.url LIKE '%:{port}/' AND {condition}"
    )
}
