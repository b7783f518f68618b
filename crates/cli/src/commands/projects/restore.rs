//! `riq projects restore`

use clap::Args;
use integrations_core::wire::UpdateProject;

use super::card::Target;
use super::update;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
The integrations are as they were. One whose token expired meanwhile has to be installed again.

Examples:
  riq projects restore prj_…";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Brings an archived project back.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let back = UpdateProject { archived: Some(false), ..UpdateProject::default() };
    update::send(&arguments.target, &back, context).await
}
