//! `cargo xtask bench`, `soak` and `attack`: build `crates/bench` and the server for release, and run it.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

use crate::workspace;

/// Options of these tasks.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Options of the program; --help lists them. --no-build uses the existing release build, which may be older than
    /// the sources
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the workspace for release, and replaces this process by the program.
///
/// # Errors
/// When the workspace does not build, or the program cannot be started.
pub(crate) fn run(task: &str, options: &Options) -> Result<()> {
    const NO_BUILD: &str = "--no-build";
    let has = |names: &[&str]| options.arguments.iter().any(|argument| names.contains(&argument.as_str()));
    let program = workspace::target_directory().join("release/riq-bench");

    // Who asks for help does not wait for a build, if there is a program that can answer.
    let is_built = has(&[NO_BUILD]) || (has(&["-h", "--help"]) && program.exists());
    if !is_built {
        process::run(workspace::cargo().args(["build", "--release", "--workspace"]))?;
    }
    let arguments = options.arguments.iter().filter(|argument| *argument != NO_BUILD);
    // It replaces this process, so that it handles signals itself.
    let error = Command::new(&program).arg(task).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}
