//! `riq runs show`

use clap::Args;
use integrations_core::ids::RunId;

use super::{card, outcome};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
The exit status says only whether the run could be shown, not how it ended.

Examples:
  riq runs show run_…
  riq runs show run_… --wait
  riq runs show run_… | jq .result";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The run's id
    #[arg(value_name = "RUN")]
    id: RunId,
    /// Wait until it has ended
    #[arg(long)]
    wait: bool,
}

/// Shows a run.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.id.to_string();
    let data = if arguments.wait {
        outcome::until_ended(&id, context).await?
    } else {
        context.client.send(&Request::get(["action-runs", &id])).await?.data
    };
    card::print(&data, context)
}
