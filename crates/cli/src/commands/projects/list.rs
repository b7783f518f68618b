//! `riq projects list`

use clap::Args;
use integrations_core::wire::Project;

use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{Column, cell, time};

const EXAMPLES: &str = "\
Archived projects are not listed; `show` shows them.

Examples:
  riq projects list
  riq projects list --org org_… --quiet
  riq projects list | jq -r '.[] | [.id, .name] | @tsv'";

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Lists the organization's projects that are in use.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Request::get(["projects"])).await?.data;
    let columns = [
        Column::fixed("PROJECT"),
        Column::flexible("NAME", 12),
        Column::flexible("SLUG", 8),
        Column::flexible("DOMAIN", 12).expendable(1),
        Column::fixed("CREATED").expendable(0),
    ];
    let create = context.config.command("projects create --name NAME");
    present::many(&data, "id", &columns, row, &format!("no projects; {create} makes one"), &context.output)
}

fn row(project: &Project) -> Vec<String> {
    vec![
        cell(Some(&project.id)),
        cell(Some(&project.name)),
        cell(Some(&project.slug)),
        cell(project.domain.as_deref()),
        time(Some(project.created_at)),
    ]
}
