//! `riq integrations install-url`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::InstallUrl;

use crate::client::{Request, read};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;

const EXAMPLES: &str = "\
Prints the URL of the page and opens no browser; `install` opens one. Anyone who has the URL can install the provider \
without a key, once, within half an hour: give it only to the person who installs it.

Examples:
  riq integrations install-url slack
  xdg-open \"$(riq integrations install-url slack --quiet)\"";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
}

/// Prints the URL where a person installs a provider.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let install = print(arguments.provider.as_str(), context).await?;
    if context.output.mode == Mode::Table {
        context.output.notice(&install.message);
    }
    Ok(())
}

/// Requests an install URL and prints it.
pub(crate) async fn print(provider: &str, context: &Context) -> Result<InstallUrl, Failure> {
    let data = context.client.send(&Request::post(["integrations", provider, "install-url"])).await?.data;
    let install: InstallUrl = read(&data)?;
    match context.output.mode {
        Mode::Json => context.output.json(&data)?,
        Mode::Quiet | Mode::Table => context.output.ids([Some(install.install_url.as_str())])?,
    }
    Ok(install)
}
