//! Runs the program as a process, for tests of signals, commands, stdout and stderr.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read, Write as _},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{TestDatabase, server::ENCRYPTION_KEYS, template};

/// How long a process may take to start or to end before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The output and status of a finished process.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) success: bool,
    /// The exit status; `None` after a signal.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The JSON output of a successful command.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert!(self.success, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The output of a successful command.
    #[track_caller]
    pub(crate) fn stdout_of_success(&self) -> &str {
        assert!(self.success && self.stderr.is_empty(), "{self:?}");
        &self.stdout
    }

    /// Asserts that it failed with one line on stderr that contains this.
    #[track_caller]
    pub(crate) fn failed_with(&self, reason: &str) -> &Self {
        assert!(!self.success && self.stderr.contains(reason), "expected \"{reason}\": {self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }
}

/// A command line of `riq-server`, without the settings of this process.
pub(crate) fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    command_of(env!("CARGO_BIN_EXE_riq-server"), arguments, environment)
}

/// The same of another program.
pub(crate) fn command_of(
    program: impl AsRef<OsStr>,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Command {
    let mut command = Command::new(program);
    let is_setting =
        |name: &str| name.starts_with("RIQ_") || name.starts_with("OTEL_") || name == "DATABASE_URL";
    for (name, _) in std::env::vars().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    command.env_remove("HTTPS_PROXY").env_remove("https_proxy");
    // The server monitors nothing unless a test asks for it.
    command.env("RIQ_PROBES_IN_FLIGHT", "0");
    command.args(arguments).envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The settings of a command on a database.
pub(crate) fn own(database: &TestDatabase) -> [(&str, &str); 2] {
    [("DATABASE_URL", &database.url), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)]
}

/// Runs a command of the operator to its end, with this on its standard input. It answers in JSON.
pub(crate) async fn admin(database: &TestDatabase, arguments: &[&str], input: &str) -> Finished {
    run_with_input(&[&["admin", "--json"], arguments].concat(), &own(database), input).await
}

/// Runs a command to its end.
pub(crate) async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    run_with_input(arguments, environment, "").await
}

/// Runs a command to its end, with this on its standard input.
pub(crate) async fn run_with_input(
    arguments: &[&str],
    environment: &[(&str, &str)],
    input: &str,
) -> Finished {
    let mut command = command(arguments, environment);
    let input = input.to_owned();
    let running = tokio::task::spawn_blocking(move || {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A command that fails at once does not read it.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    });
    let output = running.await.unwrap();
    Finished {
        success: output.status.success(),
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running server process. It is killed when the value is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Migrates a database and serves it on a free port.
    pub(crate) async fn serve(database: &TestDatabase, environment: &[(&str, &str)]) -> Self {
        if !template::fill(database).await {
            let migrated = run(&["migrate"], &[&own(database), environment].concat()).await;
            assert!(migrated.success, "{migrated:?}");
        }
        Self::serve_migrated(database, environment)
    }

    /// Serves a database that was migrated, on a free port.
    pub(crate) fn serve_migrated(database: &TestDatabase, environment: &[(&str, &str)]) -> Self {
        let environment = [&own(database), environment].concat();
        let mut process = Self::spawn(command(&["serve", "--bind", "127.0.0.1:0"], &environment));
        process.wait_for_address(Self::told_address);
        process
    }

    /// Waits until the server serves or has ended; returns whether it serves.
    pub(crate) fn serves_or_ends(&mut self) -> bool {
        let started = Instant::now();
        loop {
            if let Some(address) = self.told_address() {
                self.address = address;
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                self.wait();
                return false;
            }
            assert!(started.elapsed() < PATIENCE, "it neither serves nor ends: {}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The address that `serve` logs.
    fn told_address(&self) -> Option<SocketAddr> {
        let log = self.stderr();
        let line = log.lines().find(|line| line.contains("\"serving\""))?;
        let line: Value = serde_json::from_str(line).ok()?;
        line["address"].as_str()?.parse().ok()
    }

    /// Starts `dev --json` in a directory; returns it with the line that it prints.
    pub(crate) fn dev(directory: &str, arguments: &[&str]) -> (Self, Value) {
        let fixed = ["dev", "--json", "--bind", "127.0.0.1:0", "--data-dir", directory];
        let mut process = Self::spawn(command(&[&fixed, arguments].concat(), &[]));
        process.wait_for_address(|process| {
            let greeting: Value = serde_json::from_str(&process.stdout()).ok()?;
            greeting["api_base"].as_str()?.strip_prefix("http://")?.strip_suffix("/api/v1")?.parse().ok()
        });
        let greeting = serde_json::from_str(&process.stdout()).unwrap();
        (process, greeting)
    }

    /// Starts a command and reads its output.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            read_along(child.stdout.take().unwrap(), Arc::clone(&stdout)),
            read_along(child.stderr.take().unwrap(), Arc::clone(&stderr)),
        ];
        Self { child, address: SocketAddr::from(([0, 0, 0, 0], 0)), stdout, stderr, readers }
    }

    /// Waits until the process says where it serves. Panics where it ends or takes too long.
    pub(crate) fn wait_for_address(&mut self, find: impl Fn(&Self) -> Option<SocketAddr>) {
        if let Err(said) = self.try_wait_for_address(find) {
            panic!("it does not serve: {said}");
        }
    }

    /// Waits until the process says where it serves. Where it ends or takes too long: what it said on stderr.
    pub(crate) fn try_wait_for_address(
        &mut self,
        find: impl Fn(&Self) -> Option<SocketAddr>,
    ) -> Result<(), String> {
        let started = Instant::now();
        loop {
            if let Some(address) = find(self) {
                self.address = address;
                return Ok(());
            }
            if self.child.try_wait().unwrap().is_some() || started.elapsed() >= PATIENCE {
                return Err(self.stderr());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Sends SIGKILL: it ends at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end: {}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        };
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read_along(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = into.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    })
}
