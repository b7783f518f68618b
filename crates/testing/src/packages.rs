//! Finds programs from outside the workspace, installs them if that is allowed, or says what to type.
#![expect(clippy::print_stderr, reason = "says what it installs")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::programs::find_program;

/// Whether packages may be installed without asking: as root on Debian or a system derived from it.
pub fn can_install() -> bool {
    rustix::process::geteuid().is_root()
        && Path::new("/etc/debian_version").exists()
        && find_program("apt-get").is_some()
}

/// Installs Debian packages, and prints one line that says so.
///
/// # Errors
/// When apt-get fails. Its own output stands above the error.
pub fn install(packages: &[&str]) -> Result<()> {
    eprintln!("Installing {} with apt-get", packages.join(", "));
    let mut update = Command::new("apt-get");
    update.args(["update", "-qq"]);
    process::run(&mut update)?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages);
    install.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
    process::run(&mut install)
}

/// Finds a program that is one Debian package. Installs it if it is missing and [`can_install`] allows that.
///
/// # Errors
/// When it is missing and may not be installed. The error says what to type.
pub fn require(program: &str, package: &str) -> Result<PathBuf> {
    if let Some(found) = find_program(program) {
        return Ok(found);
    }
    ensure!(
        can_install(),
        "{program} is missing: install it (Debian and Ubuntu: sudo apt-get install {package}; macOS: brew install {package})"
    );
    install(&[package])?;
    find_program(program).with_context(|| format!("{package} is installed but {program} is not on PATH"))
}
