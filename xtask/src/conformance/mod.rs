//! `cargo xtask conformance`: checks the specification and the server with tools and clients that others made. They are
//! in the folder `conformance`.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod clients;
mod lint;
mod openapi_30;
mod python;
mod requests;
mod server;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use riq_testing::packages;

use crate::workspace;

/// Options of `conformance`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these parts; all if none is named
    parts: Vec<Part>,
}

/// A part of the checks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Redocly and Spectral check the specification
    Lint,
    /// Clients in two languages are made from the specification, and go through a flow
    Clients,
    /// schemathesis makes requests from the specification, and checks the answers
    Requests,
}

/// Runs the checks.
///
/// # Errors
/// When a check fails, or a tool cannot be installed.
pub(crate) fn run(options: &Options) -> Result<()> {
    for part in Part::value_variants() {
        if options.parts.is_empty() || options.parts.contains(part) {
            match part {
                Part::Lint => lint::run()?,
                Part::Clients => clients::run()?,
                Part::Requests => requests::run()?,
            }
        }
    }
    eprintln!("The specification and the server conform");
    Ok(())
}

/// A folder of `conformance`.
fn folder(name: &str) -> PathBuf {
    workspace::root().join("conformance").join(name)
}

/// The committed specification. `cargo xtask openapi --check` says whether it is up to date.
fn specification() -> PathBuf {
    workspace::root().join("docs/openapi.json")
}

/// Finds npm, or installs it.
fn npm() -> Result<PathBuf> {
    packages::require("node", "nodejs")?;
    packages::require("npm", "npm")
}
