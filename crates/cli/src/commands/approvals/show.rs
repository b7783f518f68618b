//! `riq approvals show`

use clap::Args;

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Every input is shown whole. Characters that nobody would see are written out, such as \\u{202e}.

Examples:
  riq approvals show apr_…
  riq approvals show apr_… | jq '{input, evidence, reasons}'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Shows an approval.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id.to_string();
    let data = context.client.send(&Request::get(["approvals", &id])).await?.data;
    card::print(&data, context)
}
