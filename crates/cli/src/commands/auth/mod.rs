//! `riq auth`: commands that need no key and no project.

mod login;
mod logout;
mod status;

use std::time::Duration;

use clap::Subcommand;

use crate::config::LoginConfig;
use crate::error::Failure;
use crate::output::Output;

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

/// What these commands work with.
#[derive(Debug)]
pub(crate) struct Context {
    /// What is set.
    pub(crate) config: LoginConfig,
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
    /// The terminal.
    pub(crate) output: Output,
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
