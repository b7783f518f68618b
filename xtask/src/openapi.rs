//! `cargo xtask openapi`: writes the specification from the server's routes and the schema of provider files from their
//! types, or checks the committed ones.
//!
//! `crates/server/examples/openapi.rs` prints them, so that this crate need not depend on the server.

use std::process::Command;

use anyhow::Result;
use riq_testing::process;

use crate::{generated, workspace};

/// Where each is kept, relative to the root: with what it is made from, and the argument of the program that prints it.
const FILES: [(&str, &str, &[&str]); 2] = [
    ("docs/openapi.json", "the server's routes", &[]),
    ("docs/reference/provider-file.schema.json", "the types of provider files", &["provider-file"]),
];

/// Options of `openapi`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Writes nothing, and fails if the file is not up to date
    #[arg(long)]
    check: bool,
}

/// Writes both, or checks them.
///
/// # Errors
/// When the file cannot be written, or under `--check` when it differs.
pub(crate) fn run(options: &Options) -> Result<()> {
    // Built as part of the workspace. Built alone, its dependencies would have other features and be compiled again.
    process::run(workspace::cargo().args(["build", "--quiet", "--workspace", "--example", "openapi"]))?;
    for (file, source, arguments) in FILES {
        let mut print = Command::new(workspace::target_directory().join("debug/examples/openapi"));
        let content = process::output(print.args(arguments))?;
        if options.check {
            generated::check(file, &content, source, "cargo xtask openapi")?;
        } else {
            generated::write(file, &content)?;
        }
    }
    Ok(())
}
