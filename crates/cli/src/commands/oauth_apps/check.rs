//! `riq oauth-apps check`

use clap::Args;
use integrations_core::catalog::ProviderKey;
use integrations_core::wire::{CheckOAuthApp, OAuthAppTest};
use serde_json::Map;

use crate::arguments::{named_once, pair};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::present;
use crate::text::{cell, yes_no};

const EXAMPLES: &str = "\
The server asks the provider's authorization endpoint as an installation would, and nothing is stored. Many providers \
judge the app only after a person has signed in: then it is accepted here. The exit status says only whether the \
server answered; `accepted` says what the provider did.

Examples:
  riq oauth-apps check slack
  riq oauth-apps check shopify --connection shop=acme
  riq oauth-apps check slack --json | jq -e .accepted";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack
    pub(crate) provider: ProviderKey,
    /// What a person would type to connect, if the provider's address depends on it; can be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    connection: Vec<(String, String)>,
}

/// Asks the provider whether it takes the app.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (provider, output) = (arguments.provider.as_str(), &context.output);
    let given: Vec<(String, String)> = named_once("--connection", &arguments.connection)?;
    let connection: Map<_, _> = given.into_iter().map(|(key, value)| (key, value.into())).collect();
    let check = CheckOAuthApp { connection: (!connection.is_empty()).then_some(connection) };
    let data =
        context.client.send(&Request::post(["oauth-apps", provider, "check"]).json(&check)).await?.data;
    if output.mode == Mode::Quiet {
        return output.ids([Some(provider)]);
    }
    present::one(&data, "provider", |test: &OAuthAppTest| facts(provider, test), output)
}

fn facts(provider: &str, test: &OAuthAppTest) -> Vec<(&'static str, String)> {
    vec![
        ("Provider", cell(Some(provider))),
        ("Accepted", yes_no(test.accepted)),
        ("Status", cell(test.status_code.map(|status| status.to_string()).as_deref())),
        ("Message", cell(Some(&test.message))),
    ]
}
