//! What the server is compared with: pgbench with the same statements, and a bare axum route.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use riq_server::store::monitors::statements as monitors;
use riq_server::store::statements;
use rustix::process::Signal;

use super::fill::INSTALLED;
use super::load::{CONNECTIONS, Round, THREADS};
use crate::http::{self, Answer, Request};
use riq_testing::postgres::{Postgres, free_port};
use riq_testing::process::{self, Service};

/// The id of a random project, as an SQL expression: `:n` is pgbench's random number.
pub(super) const PROJECT: &str = "('prj_' || lpad(:n, 26, '0'))";

/// The statement that the server's query builder writes for an event.
pub(super) const RECORD: &str = "INSERT INTO audit_events (id, organization_id, project_id, integration_id, provider, action, \
     actor_kind, actor_key_id, request_id, changes, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// The actor of pgbench's changes. It is not a key, so that its events differ from the server's.
pub(super) const ACTOR: &str = "'pgbench'";

/// The provider whose integrations [`Script::claim`] leases.
pub(super) const CLAIMED_PROVIDER: &str = "strict";
/// How many it leases at once.
const CLAIMED_AT_ONCE: usize = 32;

/// How long pgbench runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// For some seconds, including the time to connect.
    Seconds(u32),
    /// For some transactions on each connection.
    #[cfg(test)]
    Transactions(u32),
}

/// A script for pgbench.
pub(super) struct Script {
    file: PathBuf,
    connections: u32,
}

impl Script {
    /// The server's own SELECT of a project's integrations, for a random project.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn list(directory: &Path, projects: usize) -> Result<Self> {
        Self::write(directory, "list.sql", projects, &with_values(&statements::LIST, &[PROJECT]))
    }

    /// The statements of a PATCH: the server loads the integration, then changes it and records the event in one
    /// transaction.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn patch(directory: &Path, projects: usize) -> Result<Self> {
        Self::write(directory, "patch.sql", projects, &patch_script())
    }

    /// A script of these statements. `:n` is the number of a random project, `:k` of one of its integrations, `:r` any
    /// number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(directory: &Path, name: &str, projects: usize, body: &str) -> Result<Self> {
        let file = directory.join(name);
        let text = format!(
            "\\set n random(0, {projects} - 1)\n\\set k random(1, {})\n\\set r random(0, 1000000000)\n{body}\n",
            INSTALLED.len()
        );
        std::fs::write(&file, text).context("cannot write pgbench's script")?;
        Ok(Self { file, connections: CONNECTIONS })
    }

    /// The statements with which a replica finds a provider's due integrations and leases them, on the connections of a
    /// few replicas. Leased integrations become due again after all others.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn claim(directory: &Path) -> Result<Self> {
        const REPLICAS: u32 = 3;
        let due = format!("{}('{CLAIMED_PROVIDER}')) AS providers", monitors::DUE);
        let end = "clock_timestamp() + interval '1 hour'";
        let provider = format!("'{CLAIMED_PROVIDER}'");
        let values = ["'lse_' || :r", end, &provider, "'infinity'", &CLAIMED_AT_ONCE.to_string()];
        let claim = with_values(&monitors::CLAIM_POSTGRES, &values);
        let script = Self::write(directory, "claim.sql", 1, &format!("{due};\n{claim};"))?;
        Ok(Self { connections: REPLICAS, ..script })
    }

    /// Runs it with the number of connections of the server's load, or of the script's own clients.
    ///
    /// # Errors
    /// When pgbench fails, or a transaction does.
    pub(super) fn run(&self, postgres: &Postgres, database: &str, length: Length) -> Result<Round> {
        let length = match length {
            Length::Seconds(seconds) => ["-T".to_owned(), seconds.to_string()],
            #[cfg(test)]
            Length::Transactions(each) => ["-t".to_owned(), each.to_string()],
        };
        let mut pgbench = postgres.client("pgbench", database);
        pgbench
            .args(["-n", "-M", "prepared", "-c", &self.connections.to_string(), "-j", &THREADS.to_string()])
            .args(length)
            .arg("-f")
            .arg(&self.file);
        let output = process::output(&mut pgbench)?;
        read_pgbench(&output).with_context(|| format!("pgbench printed:\n{output}"))
    }
}

fn patch_script() -> String {
    let provider = format!("(ARRAY['{}'])[:k]", INSTALLED.join("', '"));
    let load = with_values(&statements::LOAD, &[PROJECT, &provider]);
    let revise = with_values(
        statements::REVISE,
        &[
            ":id",
            ":version",
            ":version + 1",
            "'active'",
            "NULL",
            "'healthy'",
            "'Name ' || :r",
            "true",
            "NULL",
            "NULL",
            ":settings",
            "NULL",
            ":action_permissions",
            "now()",
            "false",
        ],
    );
    // The ids sort by time, like the server's.
    let event = "'aud_' || to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS') || lpad(:r, 10, '0')";
    let changes = r#"'[{"path": "display_name", "from": "The first name 1", "to": "The second name 1"}]'"#;
    let record = with_values(
        RECORD,
        &[
            event,
            ":organization_id",
            PROJECT,
            ":id",
            &provider,
            "'integration.lifecycle.updated'",
            "'api_key'",
            ACTOR,
            "'req_' || :r",
            changes,
            "now()",
        ],
    );
    format!("{load} \\gset\nBEGIN;\n{revise};\n{record};\nCOMMIT;")
}

/// Replaces each placeholder of a statement by an expression, and puts it on one line.
pub(super) fn with_values(statement: &str, values: &[&str]) -> String {
    let mut text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    // Begins with the last, because `$1` is the beginning of `$10`.
    for (at, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("${}", at + 1), value);
    }
    text
}

/// Reads pgbench's report. It has only the mean latency, so the percentiles are not known.
fn read_pgbench(output: &str) -> Result<Round> {
    let number = |prefix: &str| -> Option<f64> {
        output.lines().find_map(|line| line.strip_prefix(prefix)?.split([' ', '/']).next()?.parse().ok())
    };
    let failed = number("number of failed transactions: ").unwrap_or_default();
    anyhow::ensure!(failed == 0.0, "{failed} transactions failed");
    let per_second = number("tps = ").context("no line `tps = …`")?;
    let requests = number("number of transactions actually processed: ").unwrap_or_default();
    Ok(Round { requests, per_second, p50: f64::NAN, p99: f64::NAN })
}

/// The bare route, running.
pub(super) struct BareRoute {
    port: u16,
    _service: Service,
}

impl BareRoute {
    /// Starts it with an answer of the server.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(bench: &Path, directory: &Path, name: &str, answer: &Answer) -> Result<Self> {
        let file = directory.join(format!("{name}.answer"));
        let mut text = format!("HTTP/1.1 {} X\r\n", answer.status);
        for (header, value) in &answer.headers {
            text.push_str(&format!("{header}: {value}\r\n"));
        }
        let bytes = [text.as_bytes(), b"\r\n", &answer.body].concat();
        std::fs::write(&file, bytes).context("cannot write the bare route's answer")?;
        let port = free_port()?;
        let mut command = Command::new(bench);
        command.args(["bare-route", "--port", &port.to_string(), "--answer"]).arg(&file);
        command.stdout(Stdio::null());
        let mut service = Service::start("the bare route", &mut command, Signal::TERM)?;
        service.wait_until_ready(Duration::from_secs(10), Duration::from_millis(10), || {
            http::send(port, &Request::get("/")).is_ok()
        })?;
        Ok(Self { port, _service: service })
    }

    /// Its port on the loopback interface.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_replaced_once() {
        let text = with_values(
            "INSERT INTO t VALUES ($1, $2, $10)",
            &["a", "b", "3", "4", "5", "6", "7", "8", "9", "ten"],
        );
        assert_eq!(text, "INSERT INTO t VALUES (a, b, ten)");
        assert!(!patch_script().contains('$'), "{}", patch_script());
        assert!(!with_values(&statements::LIST, &[PROJECT]).contains('$'));
        let directory = tempfile::tempdir().unwrap();
        let claim = std::fs::read_to_string(Script::claim(directory.path()).unwrap().file).unwrap();
        assert!(!claim.contains('$') && claim.contains("SKIP LOCKED"), "{claim}");
    }

    #[test]
    fn pgbench_s_report_is_read() {
        let output = "number of failed transactions: 0 (0.000%)\nlatency average = 1.1 ms\n\
                      tps = 28123.456 (without initial connection time)\n";
        assert_eq!(read_pgbench(output).unwrap().per_second, 28123.456);
        assert!(read_pgbench(&output.replace(": 0 (", ": 3 (")).is_err());
        assert!(read_pgbench("").is_err());
    }
}
