//! Lets the official clients of the Model Context Protocol use the server's tools.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

use super::equipment::{copy, folder, npm};
use super::server::{Installed, UnderTest};
use crate::npm;

/// Runs the clients.
///
/// # Errors
/// When a client does not get what it expects.
pub(super) fn run() -> Result<()> {
    let server = UnderTest::start(None)?;
    let modules = npm::install(&npm()?, &folder("mcp"))?;
    let (_directory, work) = copy("mcp")?;
    std::os::unix::fs::symlink(&modules, work.join("node_modules"))?;
    let project = server.project(&[Installed::Slack])?;
    let mut flow = Command::new("node");
    flow.current_dir(&work).arg("flow.mjs").envs(server.environment(&project));
    process::run(&mut flow).context("the clients of the Model Context Protocol")?;
    eprintln!("MCP: the official clients list and call tools, in both revisions");
    Ok(())
}
