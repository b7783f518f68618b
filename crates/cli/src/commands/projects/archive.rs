//! `riq projects archive`

use clap::Args;
use integrations_core::wire::Project;

use super::card::{self, Target};
use crate::client::{Request, read};
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;
use crate::text::cell;

const EXAMPLES: &str = "\
Nothing can be done in an archived project, and its integrations are no longer checked or renewed. It can be brought \
back for 30 days, with `restore`; then its credentials are destroyed. At a terminal it asks first, unless the key \
comes from the environment. If it cannot ask, it needs --yes.

Examples:
  riq projects archive prj_…
  riq projects archive prj_… --yes";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Archives a project.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id.to_string();
    if arguments.confirmation.is_needed(&format!("archiving {id}"), context)? {
        let project: Project = read(&context.client.send(&Request::get(["projects", &id])).await?.data)?;
        let question = format!(
            "Archive {} ({id}) of {}?\nNothing works in it any more, and tokens that expire are not renewed.\n\
             It can be restored for 30 days. Then its credentials are destroyed.",
            cell(Some(&project.name)),
            context.config.place.value,
        );
        confirmation::ask(&question, "not archived", context).await?;
    }
    let reply = context.client.send(&Request::delete(["projects", &id])).await?;
    card::print(&reply.data, context)
}
