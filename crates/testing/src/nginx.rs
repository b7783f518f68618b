//! A temporary nginx before a server. It ends when its value is dropped.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::postgres::free_port;
use crate::process::{self, Service};

/// The program's name. Its Debian package is nginx-light.
pub const PROGRAM: &str = "nginx";

/// A running nginx, which compresses JSON.
pub struct Nginx {
    port: u16,
    // Dropped in this order: the program first, then its files.
    service: Service,
    directory: TempDir,
}

impl Nginx {
    /// Starts one with these directives in its `server`, such as a `location`, and waits until it accepts connections.
    ///
    /// # Errors
    /// When it does not start. The error contains its log.
    pub fn start(program: &Path, directives: &str) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("riq-nginx-").tempdir()?;
        let (port, at) = (free_port()?, directory.path().display());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {at}/{name};\n"))
            .concat();
        let settings = format!(
            "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/log;\nevents {{}}\nhttp {{\n\
             access_log off;\n{temporary}gzip on;\ngzip_types application/json;\nserver {{\n\
             listen 127.0.0.1:{port};\n{directives}\n}}\n}}\n"
        );
        let file = directory.path().join("nginx.conf");
        fs::write(&file, settings)?;
        let mut command = process::bound_to_this_process(program, None);
        command.arg("-e").arg(directory.path().join("log")).arg("-c").arg(&file);
        let service = Service::start("nginx", &mut command, Signal::TERM)?;
        let mut started = Self { port, service, directory };
        let waited = started.service.wait_until_it_listens(port);
        waited.with_context(|| started.log())?;
        Ok(started)
    }

    /// Its port of the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}
