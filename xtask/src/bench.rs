//! `cargo xtask bench` and `cargo xtask soak`: what `crates/bench` does, built for release beside the server.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

use crate::workspace;

/// What both take.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Options of the program; --help lists them, and --no-build takes the release build that is there, which may be
    /// older than the sources
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the workspace for release, and becomes the program.
///
/// # Errors
/// When it does not build, or cannot be started.
pub(crate) fn run(task: &str, options: &Options) -> Result<()> {
    const NO_BUILD: &str = "--no-build";

    if !options.arguments.iter().any(|argument| argument == NO_BUILD) {
        process::run(workspace::cargo().args(["build", "--release", "--workspace"]))?;
    }
    let program = workspace::target_directory().join("release/riq-bench");
    let arguments = options.arguments.iter().filter(|argument| *argument != NO_BUILD);
    // In place of this process: signals are its own business.
    let error = Command::new(&program).arg(task).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}
