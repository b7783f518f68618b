//! `riq projects update`

use clap::Args;
use integrations_core::wire::UpdateProject;

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq projects update prj_… --name 'Acme Help'
  riq projects update prj_… --slug acme-help --clear-domain";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Another name in addresses
    #[arg(long)]
    slug: Option<String>,
    /// Another domain of the product that it is for
    #[arg(long, conflicts_with = "clear_domain")]
    domain: Option<String>,
    /// Take the domain away
    #[arg(long)]
    clear_domain: bool,
}

/// Changes a project.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let update = UpdateProject {
        name: arguments.name.clone(),
        slug: arguments.slug.clone(),
        domain: if arguments.clear_domain { Some(None) } else { arguments.domain.clone().map(Some) },
        archived: None,
    };
    if update == UpdateProject::default() {
        return Err(Failure::usage("no change is named; see `riq projects update --help`"));
    }
    send(&arguments.target, &update, context).await
}

/// Sends a change and prints the changed project.
pub(super) async fn send(target: &Target, update: &UpdateProject, context: &Context) -> Result<(), Failure> {
    let id = target.id.to_string();
    let reply = context.client.send(&Request::patch(["projects", &id]).json(update)).await?;
    card::print(&reply.data, context)
}
