//! `riq webhooks show`

use clap::Args;

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq webhooks show whk_…
  riq webhooks show whk_… | jq -r .status";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Shows one webhook.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id.to_string();
    let reply = context.client.send(&Request::get(["webhooks", &id])).await?;
    card::print(&reply.data, context)
}
