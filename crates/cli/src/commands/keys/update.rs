//! `riq keys update`

use clap::Args;
use integrations_core::ids::ProjectId;
use integrations_core::tier::Tier;
use integrations_core::wire::UpdateApiKey;
use time::format_description::well_known::Rfc3339;

use super::card::{self, Target};
use super::expiry::{Expiry, expiry};
use crate::arguments::one_of;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Scopes and projects are replaced as a whole. The change holds within a second. A key never gains more than the key \
that changes it has.

Examples:
  riq keys update key_… --name 'Help desk (old)'
  riq keys update key_… --scopes read --bind-to prj_…
  riq keys update key_… --all-projects --expires never";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// What the key is for
    #[arg(long)]
    name: Option<String>,
    /// What it may do, separated by commas; it may do nothing else afterwards
    #[arg(long, value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// A project to bind it to; can be given several times; it is bound to no others afterwards
    #[arg(long, value_name = "PROJECT", conflicts_with = "all_projects")]
    bind_to: Vec<ProjectId>,
    /// Bind it to no project: it reaches all of the organization
    #[arg(long)]
    all_projects: bool,
    /// Its limit of requests
    #[arg(long, value_parser = one_of::<Tier>(Tier::ALL.map(Tier::as_str)))]
    tier: Option<Tier>,
    /// When it stops by itself: 90d, 2027-03-01T10:00:00Z, or never
    #[arg(long, value_name = "WHEN", value_parser = expiry)]
    expires: Option<Expiry>,
}

/// Changes a key.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let update = update(arguments)?;
    let id = arguments.target.id()?;
    let reply = context.client.send(&Request::patch(["keys", &id]).json(&update)).await?;
    card::print(&reply.data, context)
}

fn update(arguments: &Arguments) -> Result<UpdateApiKey, Failure> {
    let projects: Vec<String> = arguments.bind_to.iter().map(ProjectId::to_string).collect();
    let update = UpdateApiKey {
        name: arguments.name.clone(),
        scopes: arguments.scopes.clone(),
        project_ids: match arguments.all_projects {
            true => Some(None),
            false => (!projects.is_empty()).then_some(Some(projects)),
        },
        tier: arguments.tier,
        expires_at: arguments.expires.map(end).transpose()?,
    };
    if update == UpdateApiKey::default() {
        return Err(Failure::usage("no change is named; see `riq keys update --help`"));
    }
    Ok(update)
}

fn end(expiry: Expiry) -> Result<Option<String>, Failure> {
    let end = expiry.end()?.map(|end| end.format(&Rfc3339));
    end.transpose().map_err(|_| Failure::usage("--expires is too far away"))
}
