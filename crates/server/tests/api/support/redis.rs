//! A Redis for one test, which the test may kill.

use riq_testing::{postgres::free_port, programs::find_program};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{database::tell, eventually};

/// How long its start may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// The password of its clients.
const PASSWORD: &str = "SECRET-password-of-redis";

/// A server on its own port, which stores nothing on disk.
pub(crate) struct Redis {
    program: PathBuf,
    port: u16,
    server: Child,
}

impl Redis {
    /// Starts a server. `None`, with a line that says so, if the program is missing.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = find_program("redis-server") else {
            tell("SKIPPED: redis-server is not on PATH (`cargo xtask test` installs it)");
            return None;
        };
        let port = free_port().unwrap();
        let server = launch(&program, port);
        let started = Self { program, port, server };
        started.wait_until_it_answers().await;
        Some(started)
    }

    /// Host and port, as the log writes them.
    pub(crate) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The value for `RIQ_REDIS_URL`.
    pub(crate) fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/1", self.port)
    }

    /// Kills it; its data is lost.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again, empty.
    pub(crate) async fn start_again(&mut self) {
        self.server = launch(&self.program, self.port);
        self.wait_until_it_answers().await;
    }

    /// Makes it stop answering for a time.
    pub(crate) fn pause(&self, time: Duration) {
        let paused = self.say(&format!("AUTH {PASSWORD}\r\nCLIENT PAUSE {} ALL\r\n", time.as_millis()));
        assert_eq!(paused.as_deref(), Some("+OK\r\n+OK\r\n"));
    }

    async fn wait_until_it_answers(&self) {
        eventually("Redis answers", PATIENCE, async || {
            self.say(&format!("AUTH {PASSWORD}\r\nPING\r\n")).as_deref() == Some("+OK\r\n+PONG\r\n")
        })
        .await;
    }

    /// Its answer to lines of its inline protocol. `None` if it does not run.
    fn say(&self, lines: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(lines.as_bytes()).ok()?;
        let (mut answer, mut bytes) = (String::new(), [0; 256]);
        while answer.lines().count() < lines.lines().count() {
            let read = stream.read(&mut bytes).ok().filter(|read| *read > 0)?;
            answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        Some(answer)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have been killed already.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn launch(program: &PathBuf, port: u16) -> Child {
    let mut server = Command::new(program);
    server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--requirepass", PASSWORD]);
    server.args(["--save", "", "--appendonly", "no", "--dir", "/"]);
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
