//! `riq audit`: the project's audit log.

mod events;
mod export;
mod list;
mod tail;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq audit`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List what was done to the project and its integrations, newest first
    List(list::Arguments),
    /// Print the last events, oldest first; with --follow, also new ones
    Tail(tail::Arguments),
    /// Print all events as JSON lines or CSV, oldest first
    Export(export::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(arguments) => list::run(arguments, context).await,
            Self::Tail(arguments) => tail::run(arguments, context).await,
            Self::Export(arguments) => export::run(arguments, context).await,
        }
    }
}
