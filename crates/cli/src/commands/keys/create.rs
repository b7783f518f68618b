//! `riq keys create`

use clap::Args;
use integrations_core::ids::ProjectId;
use integrations_core::scope::{Scope, agent_warning};
use integrations_core::tier::Tier;
use integrations_core::wire::CreateApiKey;

use super::expiry::{Expiry, expiry};
use super::new_key;
use crate::arguments::one_of;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
The key is printed once, and cannot be shown again. It never grants more than the key that makes it. With --quiet, \
only the key itself is printed.

Examples:
  riq keys create --name 'Help desk' --scopes read,integrations:write
  riq keys create --name Agent --scopes actions:read,actions:write
  riq keys create --name CI --scopes read --bind-to prj_… --expires 90d
  riq keys create --name CI --scopes read --quiet > key-file";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What the key is for
    #[arg(long)]
    name: String,
    /// What it may do, separated by commas: read, write, admin, integrations:read, …
    #[arg(long, value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    /// A project to bind it to; can be given several times [default: all of the organization]
    #[arg(long, value_name = "PROJECT")]
    bind_to: Vec<ProjectId>,
    /// Its limit of requests [default: that of the key that makes it]
    #[arg(long, value_parser = one_of::<Tier>(Tier::ALL.map(Tier::as_str)))]
    tier: Option<Tier>,
    /// When it stops by itself: 90d, 2027-03-01T10:00:00Z, or never [default: when the key that makes it does]
    #[arg(long, value_name = "WHEN", value_parser = expiry)]
    expires: Option<Expiry>,
}

/// Creates a key.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let projects: Vec<String> = arguments.bind_to.iter().map(ProjectId::to_string).collect();
    let new = CreateApiKey {
        name: arguments.name.clone(),
        scopes: arguments.scopes.clone(),
        project_ids: (!projects.is_empty()).then_some(projects),
        tier: arguments.tier,
        expires_at: arguments.expires.map(Expiry::end).transpose()?.flatten(),
    };
    let reply = context.client.send(&Request::post(["keys"]).json(&new)).await?;
    new_key::print(&reply.data, context)?;
    // A scope that riq does not know, a newer server does.
    let scopes: Vec<Scope> = arguments.scopes.iter().filter_map(|scope| scope.trim().parse().ok()).collect();
    if let Some(warning) = agent_warning(&scopes) {
        context.output.warning(&warning);
    }
    Ok(())
}
