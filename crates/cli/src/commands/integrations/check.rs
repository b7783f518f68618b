//! `riq integrations check`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use serde_json::Value;

use super::change;
use crate::client::{Request, text_field};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
If the provider was not asked, for example because it asked for no calls for now, standard error says so, and \
`checked` is false in JSON.

Examples:
  riq integrations check slack
  riq integrations check slack --json | jq -r .health_status";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
}

/// What is said of a check that was not made, if the API's answer has no message.
const NOT_MADE: &str = "The provider was not asked. The state is that of an earlier check.";

/// Makes the server ask the provider now, and prints the integration afterwards.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let request = Request::post(["integrations", arguments.provider.as_str(), "check"]);
    let reply = context.client.send(&request).await?;
    change::print(&reply, context).await?;
    if reply.data.get("checked") == Some(&Value::Bool(false)) {
        context.output.warning(text_field(&reply.data, "message").unwrap_or(NOT_MADE));
    }
    Ok(())
}
