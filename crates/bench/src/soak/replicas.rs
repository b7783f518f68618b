//! Starts, kills, replaces and stops the replicas.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use crate::bench::requests::Random;
use crate::http::Request;
use crate::server::{Build, Server};

/// What a replica logs when it takes over the lease of another.
const TAKEOVER: &str = "taking over a lease";

/// The ports of the replicas that are up. A replica's port is removed before the replica is killed.
#[derive(Clone, Default)]
pub(super) struct Ports(Arc<Mutex<Vec<u16>>>);

impl Ports {
    /// A random one of them.
    pub(super) fn any(&self, random: &mut Random) -> Option<u16> {
        let ports = self.lock();
        ports.get(random.below(ports.len())).copied()
    }

    /// Whether a replica that is up has this port.
    pub(super) fn contain(&self, port: u16) -> bool {
        self.lock().contains(&port)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replicas on one database.
pub(super) struct Replicas<'a> {
    build: &'a Build,
    url: &'a str,
    directory: &'a Path,
    first: Request,
    environment: Vec<(&'static str, String)>,
    servers: Vec<(String, Server)>,
    ports: Ports,
    started: usize,
    memory: u64,
}

impl<'a> Replicas<'a> {
    /// Starts `count` replicas. Each must answer the request `first`.
    ///
    /// # Errors
    /// When a replica does not start.
    pub(super) fn start(
        build: &'a Build,
        url: &'a str,
        directory: &'a Path,
        first: Request,
        environment: Vec<(&'static str, String)>,
        count: usize,
    ) -> Result<Self> {
        let (servers, ports) = (Vec::new(), Ports::default());
        let mut replicas =
            Self { build, url, directory, first, environment, servers, ports, started: 0, memory: 0 };
        for _ in 0..count {
            replicas.add()?;
        }
        Ok(replicas)
    }

    /// Their ports.
    pub(super) fn ports(&self) -> Ports {
        self.ports.clone()
    }

    fn add(&mut self) -> Result<()> {
        self.started += 1;
        let name = format!("replica-{}", self.started);
        let (server, _) =
            Server::start(self.build, self.url, self.directory, &name, &self.first, &self.environment)?;
        self.ports.lock().push(server.port());
        self.servers.push((name, server));
        Ok(())
    }

    /// Kills one of them by SIGKILL, and starts another. Returns the name of the killed one.
    ///
    /// # Errors
    /// When the one has already ended by itself, or the other does not start.
    pub(super) fn replace(&mut self, random: &mut Random) -> Result<String> {
        let (name, server) = self.servers.swap_remove(random.below(self.servers.len()));
        self.ports.lock().retain(|port| *port != server.port());
        self.record_memory(&server);
        server.kill()?;
        self.add()?;
        Ok(name)
    }

    /// Stops all of them. Returns the most memory that a replica took, in bytes.
    ///
    /// # Errors
    /// When a replica has already ended by itself, or fails.
    pub(super) fn stop(mut self) -> Result<u64> {
        for (name, server) in std::mem::take(&mut self.servers) {
            self.record_memory(&server);
            server.stop().with_context(|| name)?;
        }
        Ok(self.memory)
    }

    /// Records the largest memory of a replica. It counts as 0 if the system does not say.
    fn record_memory(&mut self, server: &Server) {
        let peak = server.memory().map_or(0, |(_, peak)| peak);
        self.memory = self.memory.max(peak);
    }
}

/// The number of leases that were taken over, from the replicas' logs.
///
/// # Errors
/// When a log cannot be read.
pub(super) fn takeovers(directory: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let log = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            count += String::from_utf8_lossy(&log).matches(TAKEOVER).count();
        }
    }
    Ok(count)
}
