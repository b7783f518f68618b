//! `riq install-links`: the links that `riq integrations install-url` makes.

mod card;
mod end;
mod list;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq install-links`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the project's install links, newest first
    List(list::Arguments),
    /// End an install link: nothing can be installed with it any more
    End(end::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(arguments) => list::run(arguments, context).await,
            Self::End(arguments) => end::run(arguments, context).await,
        }
    }
}
