//! Redocly's recommended rules and Spectral's rules for OpenAPI.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use riq_testing::process;
use serde_json::Value;

use super::equipment::{folder, npm, specification, turned_down};
use crate::npm;

/// Checks the specification.
///
/// # Errors
/// When there is a problem.
pub(super) fn run() -> Result<()> {
    let programs = npm::install(&npm()?, &folder("lint"))?.join(".bin");
    redocly(&programs.join("redocly"))?;
    spectral(&programs.join("spectral"), ".spectral.yaml", &specification())?;
    spectral(&programs.join("spectral"), ".spectral-3.0.yaml", &turned_down()?)
}

fn redocly(program: &Path) -> Result<()> {
    let call = |format: &str| {
        let mut command = Command::new(program);
        command
            .current_dir(folder("lint"))
            .env("REDOCLY_TELEMETRY", "off")
            .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        command.arg("lint").arg(specification()).args(["--config", "redocly.yaml", "--format", format]);
        command
    };
    // With errors it fails, and has shown them.
    let report = process::output(&mut call("json")).or_else(|error| {
        process::run(&mut call("stylish"))?;
        Err(error)
    })?;
    let report: Value = serde_json::from_str(&report).context("Redocly's report is not JSON")?;
    let count = |what: &str| report["totals"][what].as_u64();
    if (count("errors"), count("warnings")) != (Some(0), Some(0)) {
        process::run(&mut call("stylish"))?;
    }
    ensure!(
        (count("errors"), count("warnings")) == (Some(0), Some(0)),
        "Redocly has something to say: see above"
    );
    eprintln!("Redocly: no errors, no warnings");
    Ok(())
}

fn spectral(program: &Path, rules: &str, specification: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.current_dir(folder("lint")).arg("lint").arg(specification);
    process::run(command.args(["--ruleset", rules, "--fail-severity", "error"]))
}
