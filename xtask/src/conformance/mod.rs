//! `cargo xtask conformance`: checks the specification, the server and the provider files with tools and clients that
//! others made. They are in the folder `conformance`.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod actions;
mod clients;
mod equipment;
mod lint;
mod mcp;
mod openapi_30;
mod page;
mod proxy;
mod python;
mod requests;
mod server;
mod webhooks;

use anyhow::Result;
use clap::ValueEnum;

/// Options of `conformance`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these parts; all if none is named
    parts: Vec<Part>,
    #[command(flatten)]
    requests: requests::Extent,
    #[command(flatten)]
    actions: actions::Page,
}

/// A part of the checks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Redocly and Spectral check the specification
    Lint,
    /// Clients in three languages are made from the specification, and go through a flow
    Clients,
    /// schemathesis makes requests from the specification, and checks the answers
    Requests,
    /// The examples of the providers' actions are checked against what the providers publish
    Actions,
    /// The official clients of the Model Context Protocol list and call tools, and its suite tests the server
    Mcp,
    /// The providers' official clients read and write through the proxy
    Proxy,
    /// Standard Webhooks' own packages verify what the server sends to webhooks
    Webhooks,
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
                Part::Requests => requests::run(&options.requests)?,
                Part::Actions => actions::run(&options.actions)?,
                Part::Mcp => mcp::run()?,
                Part::Proxy => proxy::run()?,
                Part::Webhooks => webhooks::run()?,
            }
        }
    }
    eprintln!("Everything conforms");
    Ok(())
}
