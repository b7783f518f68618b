//! `riq keys`: the API keys of an organization.

mod card;
mod create;
mod expiry;
mod list;
mod new_key;
mod revoke;
mod rotate;
mod show;
mod update;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq keys`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the keys' records, revoked ones too, with when each was last used
    List(list::Arguments),
    /// Show one key's record; the key itself cannot be shown again
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Create a key and print it, this once
    Create(create::Arguments),
    /// Change a key's name, scopes, projects, tier or end
    Update(update::Arguments),
    /// Replace a key by a new one with the same rights, and print that, this once
    Rotate(rotate::Arguments),
    /// Revoke a key: it stops working within a second, for ever
    Revoke(revoke::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(_) => list::run(context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Create(arguments) => create::run(arguments, context).await,
            Self::Update(arguments) => update::run(arguments, context).await,
            Self::Rotate(arguments) => rotate::run(arguments, context).await,
            Self::Revoke(arguments) => revoke::run(arguments, context).await,
        }
    }
}
