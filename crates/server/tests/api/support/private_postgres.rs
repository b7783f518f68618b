//! A PostgreSQL of a test's own, which it may stop: the one that all tests share must go on.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{database::tell, eventually, free_port};

/// How long it may take to start or to stop before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on files of its own.
pub(crate) struct PrivatePostgres {
    programs: PathBuf,
    port: u16,
    owner: Option<&'static str>,
    server: Child,
    directory: TempDir,
}

impl PrivatePostgres {
    /// Starts one; `None`, with a line that says so, where the tests do without PostgreSQL or its programs are not here.
    pub(crate) async fn start() -> Option<Self> {
        if std::env::var_os("RIQ_TEST_POSTGRES_URL").is_none() {
            tell("SKIPPED: RIQ_TEST_POSTGRES_URL is not set (`cargo xtask test` sets it)");
            return None;
        }
        let Some(programs) = programs() else {
            tell("SKIPPED: PostgreSQL's initdb is not on this machine");
            return None;
        };
        let directory = tempfile::Builder::new().prefix("riq-outage-").tempdir().unwrap();
        let owner = rustix::process::geteuid().is_root().then(|| own(directory.path()));
        let mut initdb = command(&programs.join("initdb"), owner, directory.path());
        initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=postgres"]);
        let set_up = initdb.arg("--pgdata").arg(directory.path().join("data")).output().unwrap();
        assert!(set_up.status.success(), "{}", String::from_utf8_lossy(&set_up.stderr));
        let port = free_port();
        let server = launch(&programs, owner, directory.path(), port);
        let started = Self { programs, port, owner, server, directory };
        started.wait_until_it_answers().await;
        Some(started)
    }

    /// The URL of its database, as its superuser.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops it at once, as `pg_ctl stop -m immediate` does: no connection is ended in an orderly way, and the next
    /// start has to recover.
    pub(crate) fn stop(&mut self) {
        kill_process(Pid::from_child(&self.server), Signal::QUIT).unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again on the same files.
    pub(crate) async fn start_again(&mut self) {
        self.server = launch(&self.programs, self.owner, self.directory.path(), self.port);
        self.wait_until_it_answers().await;
    }

    async fn wait_until_it_answers(&self) {
        let is_ready = self.programs.join("pg_isready");
        eventually("PostgreSQL answers", PATIENCE, async || {
            let mut ask = Command::new(&is_ready);
            ask.args(["--quiet", "--host", "127.0.0.1", "--port", &self.port.to_string()]);
            ask.status().unwrap().success()
        })
        .await;
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // It may have been stopped before.
        kill_process(Pid::from_child(&self.server), Signal::INT).unwrap_or_default();
        drop(self.server.wait());
    }
}

/// Where PostgreSQL's programs are: Debian's, else those on `PATH`.
fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .map(|version| version.path().join("bin"))
        .chain(std::env::split_paths(&path))
        .find(|directory| directory.join("initdb").is_file())
}

/// PostgreSQL refuses to run as root: gives a directory to its user, and tells who that is.
fn own(directory: &Path) -> &'static str {
    const USER: &str = "postgres";

    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts.lines().find(|line| line.starts_with(&format!("{USER}:"))).unwrap();
    let ids: Vec<u32> = line.split(':').skip(2).take(2).map(|id| id.parse().unwrap()).collect();
    chown(directory, Some(ids[0]), Some(ids[1])).unwrap();
    assert_eq!(fs::metadata(directory).unwrap().uid(), ids[0]);
    USER
}

/// A call of a program that ends with this process, as `owner` where one is named.
fn command(program: &Path, owner: Option<&str>, directory: &Path) -> Command {
    let mut command = Command::new(if owner.is_some() { Path::new("setpriv") } else { program });
    if let Some(owner) = owner {
        command.args(["--pdeathsig", "QUIT", "--reuid", owner, "--regid", owner, "--clear-groups", "--"]);
        command.arg(program);
    }
    command.current_dir(directory);
    command
}

fn launch(programs: &Path, owner: Option<&str>, directory: &Path, port: u16) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log")).unwrap();
    let mut server = command(&programs.join("postgres"), owner, directory);
    server.arg("-D").arg(directory.join("data")).args(["-p", &port.to_string(), "-k", ""]);
    // What was written survives the end of the process without fsync; that of the machine is not tested.
    server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
    server.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}
