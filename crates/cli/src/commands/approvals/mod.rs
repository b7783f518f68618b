//! `riq approvals`: calls of actions that wait for a person.

mod card;
mod decide;
mod list;
mod policy;
mod show;
mod watch;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq approvals`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the project's approvals, newest first
    List(list::Arguments),
    /// Show one approval, with everything that would be done
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Approve a call, which then is made
    Approve(decide::Approve),
    /// Deny a call
    Deny(decide::Deny),
    /// Print what waits for a person, and then each new approval as it comes
    Watch(watch::Arguments),
    /// Show or change who decides, how long that may take, and where people are told
    Policy(policy::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(arguments) => list::run(arguments, context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Approve(arguments) => arguments.run(context).await,
            Self::Deny(arguments) => arguments.run(context).await,
            Self::Watch(_) => watch::run(context).await,
            Self::Policy(arguments) => policy::run(arguments, context).await,
        }
    }
}
