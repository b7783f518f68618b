//! `riq projects show`

use clap::Args;

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq projects show prj_…
  riq projects show prj_… | jq -r .restorable_until";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Shows one project.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id.to_string();
    let reply = context.client.send(&Request::get(["projects", &id])).await?;
    card::print(&reply.data, context)
}
