//! A temporary PgBouncer before a PostgreSQL. It ends when its value is dropped.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::postgres::{free_port, unprivileged_owner};
use crate::process::{self, Service};

/// The program's name, and that of its Debian package.
pub const PROGRAM: &str = "pgbouncer";

/// The PostgreSQL that connections are passed on to.
pub struct Upstream<'a> {
    /// Its port of the loopback interface.
    pub port: u16,
    /// The user as whom clients connect, and PgBouncer too.
    pub user: &'a str,
    /// The user's password. Empty: nobody is asked for one.
    pub password: &'a str,
}

/// A running PgBouncer, with the settings of its Debian package but for those that are needed here.
pub struct PgBouncer {
    port: u16,
    // Dropped in this order: the program first, then its files.
    service: Service,
    directory: TempDir,
}

impl PgBouncer {
    /// Starts one in this `pool_mode` (`session`, `transaction` or `statement`), with `sessions` of PostgreSQL for each
    /// database, and waits until it accepts connections.
    ///
    /// # Errors
    /// When it does not start. The error contains its log.
    pub fn start(program: &Path, pool_mode: &str, sessions: u32, upstream: &Upstream) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("riq-pgbouncer-").tempdir()?;
        let port = free_port()?;
        let Upstream { port: behind, user, password } = upstream;
        let authentication = if password.is_empty() { "trust" } else { "scram-sha-256" };
        let users = directory.path().join("users");
        fs::write(&users, format!("\"{user}\" \"{password}\"\n"))?;
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={behind}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = {authentication}\nauth_file = {}\n\
             pool_mode = {pool_mode}\ndefault_pool_size = {sessions}\nmax_client_conn = 500\n",
            users.display()
        );
        let file = directory.path().join("pgbouncer.ini");
        fs::write(&file, settings)?;
        let log = File::create(directory.path().join("log"))?;
        let owner = unprivileged_owner(directory.path())?;
        let mut command = process::bound_to_this_process(program, owner);
        command.arg(&file).stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
        // SIGTERM is PgBouncer's immediate shutdown.
        let service = Service::start("PgBouncer", &mut command, Signal::TERM)?;
        let mut started = Self { port, service, directory };
        let waited = started.service.wait_until_it_listens(port);
        waited.with_context(|| started.log())?;
        Ok(started)
    }

    /// Its port of the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}
