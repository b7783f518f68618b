//! `riq auth`: commands that need no key and no project.

mod context;
mod login;
mod logout;
mod status;

use clap::Subcommand;

pub(crate) use self::context::Context;
use crate::error::Failure;

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Get an API key that you approve in the browser
    Login(login::Arguments),
    /// Forget the API key
    Logout(logout::Arguments),
    /// Show which API key is used
    Status(status::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Login(arguments) => login::run(arguments, context).await,
            Self::Logout(_) => logout::run(context),
            Self::Status(_) => status::run(context).await,
        }
    }
}
