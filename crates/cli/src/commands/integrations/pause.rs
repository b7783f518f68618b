//! `riq integrations pause`

use clap::Args;
use serde_json::json;

use super::change::{self, Target};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq integrations pause slack";

/// What the command takes.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
}

/// Pauses an integration.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    change::send(&arguments.target, json!({"status": "paused"}), context).await
}
