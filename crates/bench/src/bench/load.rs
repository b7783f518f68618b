//! The load generator: wrk, with a script that cycles through prepared requests.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::requests::{self, Kind};
use crate::http::{self, Request};
use riq_testing::{packages, process};

const SCRIPT: &str = include_str!("load.lua");

/// Connections of the load generators. The yardsticks must have the same number.
pub(super) const CONNECTIONS: u32 = 32;
/// Threads of the load generators.
pub(super) const THREADS: u32 = 2;

/// The result of one round of load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round {
    /// Requests that were answered.
    pub(super) requests: f64,
    /// Requests a second.
    pub(super) per_second: f64,
    /// The median latency, in milliseconds.
    pub(super) p50: f64,
    /// The 99th percentile of the latency, in milliseconds.
    pub(super) p99: f64,
}

/// wrk and its script.
pub(super) struct Generator {
    wrk: PathBuf,
    script: PathBuf,
    runs: Cell<u32>,
}

/// Requests in a file, ready to be sent.
pub(super) struct Prepared {
    file: PathBuf,
    expected_status: u16,
    samples: Vec<Request>,
}

impl Generator {
    /// Finds wrk or installs it, and writes the script.
    ///
    /// # Errors
    /// When wrk is missing and may not be installed.
    pub(super) fn new(directory: &Path) -> Result<Self> {
        let wrk = packages::require("wrk", "wrk")?;
        let script = directory.join("load.lua");
        std::fs::write(&script, SCRIPT).context("cannot write the load generator's script")?;
        Ok(Self { wrk, script, runs: Cell::new(0) })
    }

    /// Sends requests to a port of the loopback interface for some seconds.
    ///
    /// # Errors
    /// When a request fails or an answer has an unexpected status.
    pub(super) fn run(&self, port: u16, prepared: &Prepared, seconds: u32) -> Result<Round> {
        self.run_at(&format!("http://127.0.0.1:{port}/"), CONNECTIONS, prepared, seconds)
    }

    /// As [`Generator::run`], to another URL and with another number of connections. Certificates are not checked.
    ///
    /// # Errors
    /// When a request fails or an answer has an unexpected status.
    pub(super) fn run_at(
        &self,
        url: &str,
        connections: u32,
        prepared: &Prepared,
        seconds: u32,
    ) -> Result<Round> {
        self.runs.set(self.runs.get() + 1);
        let threads = THREADS.min(connections);
        let mut wrk = Command::new(&self.wrk);
        wrk.args(["-t", &threads.to_string(), "-c", &connections.to_string(), "-d", &format!("{seconds}s")])
            .arg("-s")
            .arg(&self.script)
            .arg(url)
            .arg("--")
            .arg(&prepared.file)
            .args([threads.to_string(), self.runs.get().to_string()]);
        let output = process::output(&mut wrk)?;
        let report = output.lines().last().context("wrk printed nothing")?;
        let report: Value = serde_json::from_str(report).with_context(|| format!("wrk printed: {output}"))?;
        prepared.judge(&report)
    }
}

impl Prepared {
    /// Writes requests of a kind to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn new(directory: &Path, name: &str, kind: Kind, requests: &[Request]) -> Result<Self> {
        const SAMPLES: usize = 100;
        let file = directory.join(format!("{name}.requests"));
        std::fs::write(&file, requests::lines(requests)).context("cannot write the prepared requests")?;
        let step = (requests.len() / SAMPLES).max(1);
        let samples =
            if kind == Kind::Patch { Vec::new() } else { requests.iter().step_by(step).cloned().collect() };
        Ok(Self { file, expected_status: kind.expected_status(), samples })
    }

    /// Sends some of the requests one by one and checks the answers, because wrk only counts them.
    ///
    /// # Errors
    /// When an answer has an unexpected status.
    pub(super) fn check(&self, port: u16) -> Result<()> {
        for request in &self.samples {
            let answer = http::send(port, request)?;
            ensure!(
                answer.status == self.expected_status,
                "{} {} answers {} instead of {}: {}",
                request.method,
                request.path,
                answer.status,
                self.expected_status,
                String::from_utf8_lossy(&answer.body),
            );
        }
        Ok(())
    }

    fn judge(&self, report: &Value) -> Result<Round> {
        let number =
            |name: &str| report[name].as_f64().with_context(|| format!("wrk did not print {name}: {report}"));
        let (requests, not_ok) = (number("requests")?, number("not_ok")?);
        ensure!(requests > 0.0, "nothing was answered");
        ensure!(number("broken")? == 0.0, "connections broke under load: {report}");
        let expected_not_ok = if self.expected_status < 400 { 0.0 } else { requests };
        ensure!(
            not_ok == expected_not_ok,
            "{not_ok} of {requests} answers had a status of 400 or more, but {expected_not_ok} were expected: \
             the measurement is not valid"
        );
        Ok(Round {
            requests,
            per_second: requests / number("duration_us")? * 1e6,
            p50: number("p50_us")? / 1e3,
            p99: number("p99_us")? / 1e3,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prepared(expected_status: u16) -> Prepared {
        Prepared { file: PathBuf::new(), expected_status, samples: Vec::new() }
    }

    fn report(not_ok: u32, broken: u32) -> Value {
        json!({"requests": 1000, "duration_us": 500_000, "not_ok": not_ok, "broken": broken, "p50_us": 1500, "p99_us": 4000})
    }

    #[test]
    fn a_round_is_read() {
        let round = prepared(200).judge(&report(0, 0)).unwrap();
        assert_eq!(round, Round { requests: 1000.0, per_second: 2000.0, p50: 1.5, p99: 4.0 });
    }

    #[test]
    fn an_unexpected_status_is_no_measurement() {
        assert!(prepared(200).judge(&report(1, 0)).is_err());
        assert!(prepared(401).judge(&report(999, 0)).is_err());
        assert!(prepared(401).judge(&report(1000, 0)).is_ok());
        assert!(prepared(200).judge(&report(0, 1)).is_err());
    }
}
