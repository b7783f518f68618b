//! `riq integrations check`

use crate::provider::ProviderPath;
use clap::Args;

use super::change;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq integrations check slack
  riq integrations check slack --json | jq -r .health_status";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack
    pub(crate) provider: ProviderPath,
}

/// Makes the server ask the provider now, and prints the integration afterwards.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let reply = context.client.send(&Request::post([arguments.provider.as_str(), "check"])).await?;
    change::print(&reply, context).await
}
