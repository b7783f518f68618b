//! Tells the supervisor how the server is, in the way of systemd (sd_notify(3)): that it is ready, that it stops, and,
//! if the supervisor watches for that, that it is alive.
//!
//! Without `NOTIFY_SOCKET` nobody is told. A message that cannot be sent is logged, and the server goes on.

use std::{
    env,
    ffi::OsString,
    io,
    os::unix::net::{SocketAddr, UnixDatagram},
    process,
    time::Duration,
};

/// Who started the server and is told, if anybody.
#[derive(Clone, Debug, Default)]
pub(super) struct Supervisor {
    /// Where messages are sent.
    socket: Option<OsString>,
    /// How long the supervisor waits for a sign of life.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that this process's environment names.
    pub(super) fn of_environment() -> Self {
        Self::named(|name| env::var_os(name), process::id())
    }

    fn named(variable: impl Fn(&str) -> Option<OsString>, own: u32) -> Self {
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        // The watchdog may be meant for another process, from which this one has its environment.
        let is_meant = number("WATCHDOG_PID").is_none_or(|process| process == u64::from(own));
        let watchdog = number("WATCHDOG_USEC").filter(|microseconds| is_meant && *microseconds > 0);
        Self { socket: variable("NOTIFY_SOCKET"), watchdog: watchdog.map(Duration::from_micros) }
    }

    /// Says that the server serves, and from now on that it is alive: twice in the time that the supervisor waits.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
        let (Some(watchdog), true) = (self.watchdog, self.socket.is_some()) else { return };
        let supervisor = self.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(watchdog / 2);
            loop {
                ticks.tick().await;
                supervisor.tell("WATCHDOG=1");
            }
        });
    }

    /// Says that the server stops, and how long that may take at most.
    pub(super) fn stopping(&self, at_most: Duration) {
        self.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", at_most.as_micros()));
    }

    fn tell(&self, message: &str) {
        let Some(socket) = &self.socket else { return };
        let sent =
            address(socket).and_then(|to| UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &to));
        if let Err(error) = sent {
            tracing::warn!(%error, "the supervisor cannot be told at NOTIFY_SOCKET; it may take the server for dead");
        }
    }
}

/// A path, or a name of Linux's abstract namespace, which is written with an `@` (systemd.exec(5)).
fn address(socket: &OsString) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let with = |process: Option<&str>, time: &str| {
            let supervisor = Supervisor::named(
                |name| match name {
                    "WATCHDOG_USEC" => Some(time.into()),
                    "WATCHDOG_PID" => process.map(Into::into),
                    _ => None,
                },
                7,
            );
            supervisor.watchdog
        };
        let two = Some(Duration::from_secs(2));
        assert_eq!((with(None, "2000000"), with(Some("7"), "2000000")), (two, two));
        assert_eq!((with(Some("8"), "2000000"), with(None, "0"), with(None, "soon")), (None, None, None));
    }

    #[test]
    fn messages_arrive_at_a_path_and_at_a_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("@{}", path.display());
        for socket in [path.as_os_str().to_owned(), name.into()] {
            let receiver = UnixDatagram::bind_addr(&address(&socket).unwrap()).unwrap();
            let supervisor = Supervisor { socket: Some(socket), watchdog: None };
            supervisor.stopping(Duration::from_secs(60));
            let mut message = [0; 64];
            let length = receiver.recv(&mut message).unwrap();
            assert_eq!(&message[..length], b"STOPPING=1\nEXTEND_TIMEOUT_USEC=60000000");
        }
    }
}
