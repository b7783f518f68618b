//! `riq webhooks`: what a project's receivers are told.

mod card;
mod create;
mod delete;
mod deliveries;
mod delivery;
mod list;
mod listen;
mod new_secret;
mod redeliver;
mod rotate_secret;
mod show;
mod test;
mod update;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq webhooks`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the project's webhooks, with when each was last sent something
    List(list::Arguments),
    /// Show one webhook; its secret cannot be shown again
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Create a webhook and print its secret, this once
    Create(create::Arguments),
    /// Change a webhook's address or events, or switch it on or off
    Update(update::Arguments),
    /// Delete a webhook, with everything that was sent to it
    Delete(delete::Arguments),
    /// Send a test at once, and say what came of it
    Test(test::Arguments),
    /// List what was sent to a webhook and what waits to be, newest first
    Deliveries(deliveries::Arguments),
    /// Show one delivery with its message and its attempts
    Delivery(delivery::Arguments),
    /// Send a message again, or everything that a webhook missed
    Redeliver(redeliver::Arguments),
    /// Print events as they happen, and send them on to an address on this machine
    Listen(listen::Arguments),
    /// Replace a webhook's secret, and print the new one, this once
    RotateSecret(rotate_secret::Arguments),
}

impl Command {
    /// Whether an interrupt ends it in its own way.
    pub(crate) fn ends_itself(&self) -> bool {
        matches!(self, Self::Listen(_))
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(_) => list::run(context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Create(arguments) => create::run(arguments, context).await,
            Self::Update(arguments) => update::run(arguments, context).await,
            Self::Delete(arguments) => delete::run(arguments, context).await,
            Self::Test(arguments) => test::run(arguments, context).await,
            Self::Deliveries(arguments) => deliveries::run(arguments, context).await,
            Self::Delivery(arguments) => delivery::run(arguments, context).await,
            Self::Redeliver(arguments) => redeliver::run(arguments, context).await,
            Self::Listen(arguments) => listen::run(arguments, context).await,
            Self::RotateSecret(arguments) => rotate_secret::run(arguments, context).await,
        }
    }
}
