//! Child processes that end when the task does: after success, a failure, a panic, Ctrl-C or SIGTERM.
//!
//! A signal is passed on to the program in the foreground, and remembered. The task then returns an error like any
//! other, and its values (a [`Service`], a temporary directory) are dropped on the way out. On Linux the kernel also
//! ends a service if the task was killed and could not clean up.
#![expect(clippy::print_stderr, reason = "says what happens after a signal")]

use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::programs::find_program;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static FOREGROUND: Mutex<Option<Pid>> = Mutex::new(None);

/// Starts to listen for the signals that end a task.
///
/// # Errors
/// When the handler cannot be installed.
pub fn forward_signals() -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot handle signals")?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            eprintln!("Interrupted: stopping what was started (interrupt again to stop at once)");
            // A terminal also sends Ctrl-C to the foreground program, which gets time to end by itself.
            if signal == SIGINT {
                std::thread::sleep(Duration::from_secs(2));
            }
            signal_foreground();
        }
    });
    Ok(())
}

fn signal_foreground() {
    let foreground = FOREGROUND.lock().map_or(None, |pid| *pid);
    if let Some(pid) = foreground {
        // This fails if the program has just ended by itself.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Returns an error if a signal has come.
///
/// # Errors
/// When a signal has come.
pub fn check_interrupted() -> Result<()> {
    ensure!(!INTERRUPTED.load(Ordering::SeqCst), "interrupted");
    Ok(())
}

/// Runs a program to its end. Its output goes to the task's output.
///
/// # Errors
/// When it cannot be started, it fails, or a signal comes meanwhile.
pub fn run(command: &mut Command) -> Result<()> {
    check_interrupted()?;
    let name = describe(command);
    let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start `{name}`"))?;
    let status = in_foreground(child, Child::wait).with_context(|| format!("cannot wait for `{name}`"))?;
    check_interrupted()?;
    ensure_success(&name, status)
}

/// Runs a program to its end and returns what it printed on stdout.
///
/// # Errors
/// As [`run`]. The error contains what it printed on stderr.
pub fn output(command: &mut Command) -> Result<String> {
    check_interrupted()?;
    let name = describe(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
    let Output { status, stdout, stderr } =
        collect(child).with_context(|| format!("cannot read `{name}`"))?;
    check_interrupted()?;
    if !status.success() {
        bail!("`{name}` failed with {status}: {}", String::from_utf8_lossy(&stderr).trim());
    }
    String::from_utf8(stdout).with_context(|| format!("`{name}` printed something that is not UTF-8"))
}

fn collect(child: Child) -> std::io::Result<Output> {
    set_foreground(Some(&child));
    let output = child.wait_with_output();
    set_foreground(None);
    output
}

fn in_foreground<T>(mut child: Child, wait: impl FnOnce(&mut Child) -> T) -> T {
    set_foreground(Some(&child));
    let outcome = wait(&mut child);
    set_foreground(None);
    outcome
}

fn set_foreground(child: Option<&Child>) {
    if let Ok(mut foreground) = FOREGROUND.lock() {
        *foreground = child.map(Pid::from_child);
    }
}

fn ensure_success(name: &str, status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "`{name}` failed with {status}");
    Ok(())
}

fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

/// A program in the background. It is stopped when this value is dropped.
pub struct Service {
    name: &'static str,
    child: Child,
    end_with: Signal,
}

impl Service {
    /// Starts a program that runs until the value is dropped. It then gets the signal `end_with` and, ten seconds
    /// later, SIGKILL.
    ///
    /// The program leads its own process group, so that a terminal's Ctrl-C does not reach it directly.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &'static str, command: &mut Command, end_with: Signal) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        check_interrupted()?;
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: `{}`", describe(command)))?;
        Ok(Self { name, child, end_with })
    }

    /// The program's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot find out whether {} runs", self.name))
    }

    /// Calls `is_ready` every `pause` until it returns true.
    ///
    /// # Errors
    /// When `limit` passes first, the program ends, or a signal comes.
    pub fn wait_until_ready(
        &mut self,
        limit: Duration,
        pause: Duration,
        mut is_ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let started = Instant::now();
        while !is_ready() {
            check_interrupted()?;
            if let Some(status) = self.ended()? {
                bail!("{} ended by itself with {status}", self.name);
            }
            ensure!(started.elapsed() < limit, "{} did not answer within {limit:?}", self.name);
            std::thread::sleep(pause);
        }
        Ok(())
    }

    /// Waits until the program accepts connections at a port of the loopback interface.
    ///
    /// # Errors
    /// As [`Service::wait_until_ready`].
    pub fn wait_until_it_listens(&mut self, port: u16) -> Result<()> {
        let accepts = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        self.wait_until_ready(Duration::from_secs(30), Duration::from_millis(20), accepts)
    }

    /// Asks the program to end, waits up to ten seconds, and kills it if it has not ended. Returns how it ended.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn stop(&mut self) -> std::io::Result<ExitStatus> {
        self.stop_with(self.end_with)
    }

    /// As [`Service::stop`], with another signal.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn stop_with(&mut self, signal: Signal) -> std::io::Result<ExitStatus> {
        const LIMIT: Duration = Duration::from_secs(10);
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), signal);
            let asked = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < LIMIT {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.kill();
        self.child.wait()
    }

    /// Kills the program by SIGKILL.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop());
    }
}

/// A call of `program` that ends when this process dies, even by SIGKILL, and that runs as `user` if one is given.
///
/// Both need Linux's setpriv. Without it, the program is called directly.
pub fn bound_to_this_process(program: &std::path::Path, user: Option<&str>) -> Command {
    let Some(setpriv) = find_program("setpriv").filter(|_| cfg!(target_os = "linux")) else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "TERM"]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_alive(pid: u32) -> bool {
        let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
        rustix::process::test_kill_process(pid).is_ok()
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(&mut Command::new("false")).unwrap_err();
        assert!(error.to_string().contains("`false` failed"), "{error}");
        let error = output(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
    }

    #[test]
    fn output_returns_stdout_alone() {
        assert_eq!(output(Command::new("sh").args(["-c", "echo out; echo err >&2"])).unwrap(), "out\n");
    }

    #[test]
    fn a_service_ends_when_dropped() {
        let service = Service::start("sleep", Command::new("sleep").arg("600"), Signal::TERM).unwrap();
        let pid = service.id();
        assert!(is_alive(pid));
        drop(service);
        assert!(!is_alive(pid));
    }

    #[test]
    fn a_service_that_ends_by_itself_is_not_waited_for() {
        let mut service = Service::start("false", &mut Command::new("false"), Signal::TERM).unwrap();
        let error = service
            .wait_until_ready(Duration::from_secs(60), Duration::from_millis(1), || false)
            .unwrap_err();
        assert!(error.to_string().contains("ended by itself"), "{error}");
    }

    #[test]
    fn waiting_is_bounded() {
        let mut service = Service::start("sleep", Command::new("sleep").arg("600"), Signal::TERM).unwrap();
        let error = service
            .wait_until_ready(Duration::from_millis(20), Duration::from_millis(1), || false)
            .unwrap_err();
        assert!(error.to_string().contains("did not answer within"), "{error}");
    }
}
