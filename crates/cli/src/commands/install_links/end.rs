//! `riq install-links end`

use clap::Args;
use integrations_core::ids::InstallLinkId;

use super::card;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
What was installed with the link stays. Whoever has begun with it cannot finish.

Examples:
  riq install-links end lnk_…
  riq install-links list --quiet | xargs -n 1 riq install-links end";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The link's id
    #[arg(value_name = "LINK")]
    id: InstallLinkId,
}

/// Ends a link.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.id.to_string();
    let reply = context.client.send(&Request::delete(["install-links", &id])).await?;
    card::print(&reply.data, context)
}
