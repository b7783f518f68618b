//! `riq keys list`

use clap::Args;
use integrations_core::wire::ApiKey;

use super::card::projects;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{Column, cell, time, word};

const EXAMPLES: &str = "\
Examples:
  riq keys list
  riq keys list | jq -r '.[] | select(.revoked_at == null and .last_used_at == null) | .id'";

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Lists the organization's keys.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Request::get(["keys"])).await?.data;
    let columns = [
        Column::fixed("KEY"),
        Column::flexible("NAME", 10),
        Column::fixed("BEGINS WITH").expendable(2),
        Column::flexible("SCOPES", 12),
        Column::flexible("PROJECTS", 8).expendable(1),
        Column::fixed("TIER").expendable(0),
        Column::fixed("LAST USED").expendable(3),
        Column::fixed("ENDS"),
    ];
    let create = context.config.command("keys create --name NAME --scopes SCOPES");
    present::many(&data, "id", &columns, row, &format!("no keys; {create} makes one"), &context.output)
}

fn row(key: &ApiKey) -> Vec<String> {
    vec![
        cell(Some(&key.id)),
        cell(Some(&key.name)),
        cell(Some(&key.hint)),
        cell(Some(&key.scopes.join(", "))),
        projects(key),
        word(&key.tier),
        time(key.last_used_at),
        end(key),
    ]
}

/// When the key ends, or that it was revoked.
fn end(key: &ApiKey) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => format!("revoked {}", time(key.revoked_at)),
        (None, Some(_)) => time(key.expires_at),
        (None, None) => "never".to_owned(),
    }
}
