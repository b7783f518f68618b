//! `riq keys show`

use clap::Args;

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq keys show key_…
  riq keys show key_… | jq -r .last_used_at";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Shows one key's record.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id()?;
    let reply = context.client.send(&Request::get(["keys", &id])).await?;
    card::print(&reply.data, context)
}
