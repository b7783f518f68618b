//! `riq integrations pause`

use clap::Args;
use integrations_core::integration::RequestedStatus;
use integrations_core::wire::LifecycleUpdate;

use super::change::{self, Target};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq integrations pause slack";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
}

/// Pauses an integration.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let update = LifecycleUpdate { status: Some(RequestedStatus::Paused), ..LifecycleUpdate::default() };
    change::send(&arguments.target, update, context).await
}
