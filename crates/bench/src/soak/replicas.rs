//! The replicas: started, killed, started again, and ended in the end.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use crate::bench::requests::Random;
use crate::http::Request;
use crate::server::{Build, Server};

/// What a replica logs when it takes over what another one left.
const TAKEOVER: &str = "taking over a lease";

/// The ports of the replicas that are up. One that is going to be killed is taken off before.
#[derive(Clone, Default)]
pub(super) struct Ports(Arc<Mutex<Vec<u16>>>);

impl Ports {
    /// One of them.
    pub(super) fn any(&self, random: &mut Random) -> Option<u16> {
        let ports = self.lock();
        ports.get(random.below(ports.len())).copied()
    }

    /// Whether a replica is to answer there.
    pub(super) fn are_with(&self, port: u16) -> bool {
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
    /// Starts so many, each of which must answer the request.
    ///
    /// # Errors
    /// When one does not come up.
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

    /// Where they answer.
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
    /// When one had ended by itself, or the other does not come up.
    pub(super) fn replace(&mut self, random: &mut Random) -> Result<String> {
        let (name, server) = self.servers.swap_remove(random.below(self.servers.len()));
        self.ports.lock().retain(|port| *port != server.port());
        self.remember(&server);
        server.kill()?;
        self.add()?;
        Ok(name)
    }

    /// Ends all of them. Returns the most memory that one of them took, in bytes.
    ///
    /// # Errors
    /// When one had ended by itself, or ends badly.
    pub(super) fn stop(mut self) -> Result<u64> {
        for (name, server) in std::mem::take(&mut self.servers) {
            self.remember(&server);
            server.stop().with_context(|| name)?;
        }
        Ok(self.memory)
    }

    /// Where the system does not tell the memory, it is 0.
    fn remember(&mut self, server: &Server) {
        let peak = server.memory().map_or(0, |(_, peak)| peak);
        self.memory = self.memory.max(peak);
    }
}

/// How many leases were taken over, by what the replicas logged.
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
