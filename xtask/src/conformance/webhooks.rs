//! Lets Standard Webhooks' own packages verify what the server sends to webhooks.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

use super::equipment::{copy, folder, npm};
use super::python;
use super::server::{Installed, UnderTest};
use crate::npm;

/// Runs the receivers.
///
/// # Errors
/// When a message is not accepted, or a forged one is.
pub(super) fn run() -> Result<()> {
    let server = UnderTest::start(None)?;
    let modules = npm::install(&npm()?, &folder("webhooks"))?;
    let (_directory, work) = copy("webhooks")?;
    std::os::unix::fs::symlink(&modules, work.join("node_modules"))?;
    let (project, got) = (server.project(&[Installed::Slack])?, work.join("got.json"));
    let mut receiver = Command::new("node");
    receiver.current_dir(&work).arg("flow.mjs").arg(&got).envs(server.environment(&project));
    process::run(&mut receiver).context("the receiver in JavaScript")?;
    let mut verify = Command::new(python::install(&folder("webhooks"))?.join("python"));
    process::run(verify.current_dir(&work).arg("verify.py").arg(&got)).context("the receiver in Python")?;
    eprintln!("Webhooks: Standard Webhooks' packages in JavaScript and Python accept what the server sends");
    Ok(())
}
