//! `riq integrations install-url`

use clap::Args;

use super::Context;
use crate::cli::provider_key;
use crate::client::Call;
use crate::error::Failure;
use crate::output::Mode;
use crate::wire::{InstallUrl, read};

const EXAMPLES: &str = "\
Opens no browser: it prints the page's address, and the person who opens it signs in there.

Examples:
  riq integrations install-url slack
  xdg-open \"$(riq integrations install-url slack --quiet)\"";

/// What the command takes.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack
    #[arg(value_parser = provider_key)]
    pub(crate) provider: String,
}

/// Prints where to install a provider.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Call::post([arguments.provider.as_str(), "install-url"])).await?.data;
    if context.output.mode == Mode::Json {
        return context.output.json(&data);
    }
    let install: InstallUrl = read(&data)?;
    context.output.ids([install.install_url.as_deref()])?;
    if context.output.mode == Mode::Table {
        context.output.notice(install.message.as_deref().unwrap_or("Open the URL above in a browser."));
    }
    Ok(())
}
