//! Runs the server as a program that logs to a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::http::{self, Request};
use riq_testing::postgres::free_port;
use riq_testing::process::{self, Service};

/// The host by which the server is known outside.
pub(crate) const PUBLIC_HOST: &str = "integrations.example.com";
/// Any 32 bytes. The key protects no real secrets.
pub(crate) const ENCRYPTION_KEYS: &str = "bench:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The programs that are measured.
pub(crate) struct Build {
    /// The server.
    pub(crate) server: PathBuf,
    /// This program, which is also the bare route.
    pub(crate) bench: PathBuf,
}

impl Build {
    /// The server that was built in the same directory as this program.
    ///
    /// # Errors
    /// When the system does not say where this program is.
    pub(crate) fn beside_this_program() -> Result<Self> {
        let bench = std::env::current_exe().context("cannot find this program")?;
        Ok(Self { server: bench.with_file_name("riq-server"), bench })
    }

    /// The size of the server's binary, in bytes.
    ///
    /// # Errors
    /// When there is no binary.
    pub(crate) fn size(&self) -> Result<u64> {
        Ok(std::fs::metadata(&self.server).with_context(|| format!("no {}", self.server.display()))?.len())
    }

    /// Migrates a database's schema to the latest version.
    ///
    /// # Errors
    /// When the migrations fail.
    pub(crate) fn migrate(&self, database_url: &str) -> Result<()> {
        let mut command = self.command(database_url);
        command.arg("migrate");
        process::output(&mut command).context("cannot make the schema").map(drop)
    }

    /// Whether the server has a setting. An older build, beside which a new one is measured, refuses what it does not
    /// know.
    fn has_setting(&self, flag: &str) -> Result<bool> {
        Ok(process::output(Command::new(&self.server).args(["serve", "--help"]))?.contains(flag))
    }

    fn command(&self, database_url: &str) -> Command {
        let mut command = Command::new(&self.server);
        command.env("DATABASE_URL", database_url).env("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS);
        command
    }
}

/// A running server.
pub(crate) struct Server {
    port: u16,
    log: PathBuf,
    service: Service,
}

/// How long a start took.
pub(crate) struct Start {
    /// Until `/healthz` answered.
    pub(crate) healthy: Duration,
    /// Until the given request was answered too.
    pub(crate) answering: Duration,
}

impl Server {
    /// Starts a server on a migrated database and waits until it answers the request `first` with 200. `environment`
    /// adds to the settings that every server gets here.
    ///
    /// # Errors
    /// When it does not start. Its log is in `directory`.
    pub(crate) fn start(
        build: &Build,
        database_url: &str,
        directory: &Path,
        name: &str,
        first: &Request,
        environment: &[(&'static str, String)],
    ) -> Result<(Self, Start)> {
        let port = free_port()?;
        let log_path = directory.join(format!("{name}.log"));
        let log = File::create(&log_path).context("cannot make the server's log file")?;
        let mut command = build.command(database_url);
        command
            .arg("serve")
            .env("RIQ_BIND", format!("127.0.0.1:{port}"))
            .env("RIQ_TRUSTED_PROXIES", "127.0.0.1/32")
            .env("RIQ_PUBLIC_URL", format!("https://{PUBLIC_HOST}"))
            .env("RIQ_LOG_FORMAT", "json")
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log));
        if build.has_setting("--forwarded-header")? {
            command.env("RIQ_FORWARDED_HEADER", "x-forwarded-for");
        }
        let started = Instant::now();
        let mut service = Service::start("riq-server", &mut command, Signal::TERM)?;
        let (limit, pause) = (Duration::from_secs(20), Duration::from_millis(1));
        let answers = |request: &Request| http::send(port, request).is_ok_and(|answer| answer.status == 200);
        service
            .wait_until_ready(limit, pause, || answers(&Request::get("/healthz")))
            .with_context(|| end_of(&log_path))?;
        let healthy = started.elapsed();
        service.wait_until_ready(limit, pause, || answers(first)).with_context(|| {
            let answer =
                http::send(port, first).map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
            format!("the first answer: {answer:?}; {}", end_of(&log_path))
        })?;
        let answering = started.elapsed();
        Ok((Self { port, log: log_path, service }, Start { healthy, answering }))
    }

    /// Its port on the loopback interface.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it by SIGKILL.
    ///
    /// # Errors
    /// When it has already ended by itself.
    pub(crate) fn kill(mut self) -> Result<()> {
        ensure!(self.service.ended()?.is_none(), "a server ended by itself: {}", end_of(&self.log));
        self.service.kill();
        Ok(())
    }

    /// Asks it to end, and waits until it has ended.
    ///
    /// # Errors
    /// When it has already ended by itself, does not end, or fails. The error contains the end of its log.
    pub(crate) fn stop(mut self) -> Result<()> {
        ensure!(self.service.ended()?.is_none(), "a server ended by itself: {}", end_of(&self.log));
        let status = self.service.stop();
        ensure!(status.is_ok_and(|status| status.success()), "a server ended badly: {}", end_of(&self.log));
        Ok(())
    }

    /// Its resident memory in bytes: the current and the largest since it started. Linux only.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        let path = format!("/proc/{}/status", self.service.id());
        let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let (now, peak) = (kilobytes(&status, "VmRSS:"), kilobytes(&status, "VmHWM:"));
        ensure!(now > 0 && peak > 0, "{path} does not show the memory");
        Ok((now * 1024, peak * 1024))
    }
}

/// Raises the limit of open files of this process, and so of the server that it starts.
///
/// # Errors
/// When the system does not allow as many.
pub(crate) fn raise_open_files(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit })
            .with_context(|| format!("this needs {wanted} open files (ulimit -n)"))?;
    }
    Ok(())
}

/// A number of a process's `status` in `/proc`, in kilobytes. 0 if it is not there.
pub(crate) fn kilobytes(status: &str, name: &str) -> u64 {
    let value =
        status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    value.unwrap_or_default()
}

fn end_of(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    format!("the end of the server's log:\n{}", lines[lines.len().saturating_sub(10)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_system_s_table() {
        let status = "Name:\triq-server\nVmHWM:\t   40960 kB\nVmRSS:\t   30720 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), 40960);
        assert_eq!(kilobytes(status, "VmSwap:"), 0);
    }
}
