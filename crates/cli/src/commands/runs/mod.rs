//! `riq runs`: calls of actions, and what became of them.

mod card;
mod list;
pub(crate) mod outcome;
mod show;

pub(crate) use card::{for_people, print};
use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq runs`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the project's runs, newest first
    List(list::Arguments),
    /// Show one run
    #[command(visible_alias = "get")]
    Show(show::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(arguments) => list::run(arguments, context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
        }
    }
}
