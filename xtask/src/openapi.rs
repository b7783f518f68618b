//! `cargo xtask openapi`: writes the specification from the server's routes, or checks the committed one.
//!
//! `crates/server/examples/openapi.rs` prints it, so that this crate need not depend on the server.

use std::process::Command;

use anyhow::Result;
use riq_testing::process;

use crate::{generated, workspace};

/// Where the specification is kept, relative to the root.
const FILE: &str = "docs/openapi.json";

/// Options of `openapi`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Writes nothing, and fails if the file is not up to date
    #[arg(long)]
    check: bool,
}

/// Writes the specification, or checks it.
///
/// # Errors
/// When the file cannot be written, or under `--check` when it differs.
pub(crate) fn run(options: &Options) -> Result<()> {
    let specification = generate()?;
    if options.check {
        return generated::check(FILE, &specification, "the server's routes", "cargo xtask openapi");
    }
    generated::write(FILE, &specification)
}

fn generate() -> Result<String> {
    // Built as part of the workspace. Built alone, its dependencies would have other features and be compiled again.
    process::run(workspace::cargo().args(["build", "--quiet", "--workspace", "--example", "openapi"]))?;
    process::output(&mut Command::new(workspace::target_directory().join("debug/examples/openapi")))
}
