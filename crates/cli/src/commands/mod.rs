//! The commands: one file each, with its arguments and what it does.

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod integrations;

use clap::Subcommand;
use integrations_core::catalog::ProviderRef;

use crate::context::Context;
use crate::error::Failure;

/// All commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// A command that calls the API.
    #[command(flatten)]
    Api(ApiCommand),
    /// Log in and out
    #[command(subcommand)]
    Auth(auth::Command),
    /// Print a shell's completion script
    Completions(completions::Arguments),
}

/// The commands that call the API.
#[derive(Subcommand)]
pub(crate) enum ApiCommand {
    /// The integrations of a project
    #[command(subcommand)]
    Integrations(integrations::Command),
    /// The audit log of a project
    #[command(subcommand)]
    Audit(audit::Command),
}

impl ApiCommand {
    /// The provider that the command is about, if it is about one.
    pub(crate) fn provider(&self) -> Option<&ProviderRef> {
        match self {
            Self::Integrations(command) => command.provider(),
            Self::Audit(_) => None,
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Integrations(command) => command.run(context).await,
            Self::Audit(command) => command.run(context).await,
        }
    }
}
