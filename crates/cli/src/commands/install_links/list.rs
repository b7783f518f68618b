//! `riq install-links list`

use clap::Args;
use integrations_core::wire::InstallLink;
use serde_json::Value;

use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages::{self, Extent};
use crate::present;
use crate::text::{Column, cell, time, word};

const EXAMPLES: &str = "\
A link is kept for a day after it has expired.

Examples:
  riq install-links list
  riq install-links list --all --json | jq '.[] | select(.status == \"open\") | .id'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    extent: Extent,
}

/// Lists the links.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let listed = pages::read(&["install-links"], &[], arguments.extent.most(), |_| true, context).await?;
    let columns = [
        Column::fixed("LINK"),
        Column::fixed("PROVIDER"),
        Column::fixed("STATUS"),
        Column::fixed("EXPIRES").expendable(1),
        Column::flexible("LEADS BACK TO", 12).expendable(0),
    ];
    let data = Value::Array(listed.values);
    present::many(&data, "id", &columns, row, "there are no install links", &context.output)?;
    if listed.has_more && context.output.mode == Mode::Table {
        context.output.notice("there are older links: --limit shows more, --all shows all");
    }
    Ok(())
}

fn row(link: &InstallLink) -> Vec<String> {
    vec![
        cell(Some(&link.id)),
        cell(Some(&link.provider)),
        word(&link.status),
        time(Some(link.expires_at)),
        cell(link.return_url.as_deref()),
    ]
}
