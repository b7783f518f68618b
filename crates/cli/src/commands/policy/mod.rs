//! `riq policy`: what would be decided of calls.

mod explain;
mod replay;

use clap::Subcommand;
use integrations_core::catalog::ProviderRef;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq policy`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say what would be decided of a call, and why, without calling
    Explain(Box<explain::Arguments>),
    /// Say which past calls other settings or permissions would have decided otherwise
    Replay(replay::Arguments),
}

impl Command {
    /// The provider that the command is about.
    pub(crate) fn provider(&self) -> &ProviderRef {
        match self {
            Self::Explain(arguments) => &arguments.called.provider,
            Self::Replay(arguments) => &arguments.provider,
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Explain(arguments) => explain::run(arguments, context).await,
            Self::Replay(arguments) => replay::run(arguments, context).await,
        }
    }
}
