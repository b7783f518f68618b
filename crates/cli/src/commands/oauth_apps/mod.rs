//! `riq oauth-apps`: the OAuth apps of an organization, or of the project that `--project` names.

mod card;
mod check;
mod find;
mod list;
mod remove;
mod set;
mod show;

use clap::Subcommand;
use integrations_core::catalog::ProviderKey;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq oauth-apps`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the providers that need an app, with the app that counts for each
    List(list::Arguments),
    /// Show one provider's app, and what to register at the provider: scopes and redirect address
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Set the app of a provider; it replaces an earlier one
    Set(set::Arguments),
    /// Remove the app of a provider and destroy its client secret
    Remove(remove::Arguments),
    /// Ask the provider now whether it takes the app
    Check(check::Arguments),
}

impl Command {
    /// The provider that the command is about, if it is about one.
    pub(crate) fn provider(&self) -> Option<&ProviderKey> {
        match self {
            Self::List(_) => None,
            Self::Show(arguments) => Some(&arguments.provider),
            Self::Set(arguments) => Some(&arguments.provider),
            Self::Remove(arguments) => Some(&arguments.provider),
            Self::Check(arguments) => Some(&arguments.provider),
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(_) => list::run(context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Set(arguments) => set::run(arguments, context).await,
            Self::Remove(arguments) => remove::run(arguments, context).await,
            Self::Check(arguments) => check::run(arguments, context).await,
        }
    }
}
