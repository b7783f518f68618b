//! `riq integrations install-url`

use clap::Args;
use integrations_core::catalog::{AuthKind, ProviderRef};
use integrations_core::wire::{CreateInstallUrl, InstallUrl};

use crate::client::{Request, read};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;

const EXAMPLES: &str = "\
Prints the URL of the page and opens no browser; `install` opens one. Anyone who has the URL can install the provider \
without a key, once, within half an hour: give it only to the person who installs it.

Examples:
  riq integrations install-url slack
  riq integrations install-url slack --return-url https://app.example.com/settings --state af0ifjsldkj
  xdg-open \"$(riq integrations install-url slack --quiet)\"";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// Where the person goes back to at the end: an address at one of the project's return origins
    #[arg(long, value_name = "URL")]
    return_url: Option<String>,
    /// A text of your own that goes back with the person
    #[arg(long, requires = "return_url")]
    state: Option<String>,
    /// The id of the only account at the provider that may be connected
    #[arg(long, value_name = "ID")]
    expected_account: Option<String>,
    /// The only way to log in that the page offers, such as api_key: a kind that `riq integrations catalog` names
    #[arg(long, value_name = "KIND")]
    auth: Option<AuthKind>,
}

/// Prints the URL where a person installs a provider.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let asked = CreateInstallUrl {
        return_url: arguments.return_url.clone(),
        state: arguments.state.clone(),
        expected_account_id: arguments.expected_account.clone(),
        auth: arguments.auth.map(Into::into),
    };
    let install = print(arguments.provider.as_str(), &asked, context).await?;
    if context.output.mode == Mode::Table {
        context.output.notice(&install.message);
    }
    Ok(())
}

/// Requests an install URL and prints it.
pub(crate) async fn print(
    provider: &str,
    asked: &CreateInstallUrl,
    context: &Context,
) -> Result<InstallUrl, Failure> {
    let mut request = Request::post(["integrations", provider, "install-url"]);
    if *asked != CreateInstallUrl::default() {
        request = request.json(asked);
    }
    let data = context.client.send(&request).await?.data;
    let install: InstallUrl = read(&data)?;
    match context.output.mode {
        Mode::Json => context.output.json(&data)?,
        Mode::Quiet | Mode::Table => context.output.ids([Some(install.install_url.as_str())])?,
    }
    Ok(install)
}
