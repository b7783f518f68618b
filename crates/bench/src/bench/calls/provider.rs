//! The plain provider and the bare proxy to it, running.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;

use crate::http::{self, Request};
use crate::plain_provider;
use crate::server::Build;
use riq_testing::postgres::free_port;
use riq_testing::process::Service;

const LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// The plain provider and the bare proxy, as separate programs.
pub(super) struct RunningProvider {
    port: u16,
    proxy_port: u16,
    directory: PathBuf,
    _services: [Service; 2],
}

impl RunningProvider {
    /// Starts both. The provider writes its files to `directory`.
    ///
    /// # Errors
    /// When one of them does not start.
    pub(super) fn start(build: &Build, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let (port, proxy_port) = (free_port()?, free_port()?);
        let command = |task: &str| {
            let mut command = Command::new(&build.bench);
            command.arg(task).arg("--directory").arg(directory).stdout(Stdio::null());
            command
        };
        let mut command_of_provider = command("plain-provider");
        command_of_provider.args(["--port", &port.to_string()]);
        let mut provider = Service::start("the plain provider", &mut command_of_provider, Signal::TERM)?;
        // It has written its files when it listens.
        provider
            .wait_until_ready(LIMIT, PAUSE, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        let mut command_of_proxy = command("bare-proxy");
        command_of_proxy.args(["--port", &proxy_port.to_string(), "--provider-port", &port.to_string()]);
        let mut proxy = Service::start("the bare proxy", &mut command_of_proxy, Signal::TERM)?;
        proxy.wait_until_ready(LIMIT, PAUSE, || {
            http::send(proxy_port, &Request::get("/probe")).is_ok_and(|answer| answer.status == 200)
        })?;
        Ok(Self { port, proxy_port, directory: directory.to_owned(), _services: [provider, proxy] })
    }

    /// The port of the bare proxy.
    pub(super) fn proxy_port(&self) -> u16 {
        self.proxy_port
    }

    /// The environment variables with which a server finds the provider.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        plain_provider::environment(self.port, &self.directory)
    }
}
