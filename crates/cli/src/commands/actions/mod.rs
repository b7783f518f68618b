//! `riq actions`: what can be done with an integration.

mod called;
mod find;
mod inputs;
mod list;
mod run;
mod show;

pub(crate) use called::Called;
use clap::Subcommand;
use integrations_core::catalog::ProviderRef;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq actions`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List an integration's actions, with what is permitted
    List(list::Arguments),
    /// Show one action: what it takes, and whether it can be called
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Call an action
    Run(Box<run::Arguments>),
}

impl Command {
    /// The provider that the command is about.
    pub(crate) fn provider(&self) -> &ProviderRef {
        match self {
            Self::List(arguments) => &arguments.provider,
            Self::Show(arguments) => &arguments.provider,
            Self::Run(arguments) => &arguments.called.provider,
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(arguments) => list::run(arguments, context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Run(arguments) => run::run(arguments, context).await,
        }
    }
}
