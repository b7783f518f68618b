//! `riq projects create`

use clap::Args;
use integrations_core::wire::CreateProject;

use super::card;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq projects create --name 'Acme Support'
  riq projects create --name 'Acme Support' --slug acme --domain support.example.com
  RIQ_PROJECT_ID=$(riq projects create --name 'Acme Support' --quiet)";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The project's name
    #[arg(long)]
    name: String,
    /// Its name in addresses [default: made from the name]
    #[arg(long)]
    slug: Option<String>,
    /// The domain of the product that it is for
    #[arg(long)]
    domain: Option<String>,
}

/// Creates a project.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let new = CreateProject {
        name: arguments.name.clone(),
        slug: arguments.slug.clone(),
        domain: arguments.domain.clone(),
    };
    let reply = context.client.send(&Request::post(["projects"]).json(&new)).await?;
    card::print(&reply.data, context)
}
