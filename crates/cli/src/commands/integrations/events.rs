//! `riq integrations events`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::ProviderEvent;
use serde_json::Value;

use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages::{self, Extent};
use crate::present;
use crate::text::{Column, cell, time};

const EXAMPLES: &str = "\
Examples:
  riq integrations events stripe
  riq integrations events stripe --type charge.refunded --all
  riq integrations events stripe --json | jq '.[] | {id, type, received_at}'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// Only events of this type, as the provider calls it
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

/// Lists what the provider sent, newest first.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let path = ["integrations", arguments.provider.as_str(), "events"];
    let filters = [("type", arguments.kind.as_deref())];
    let listed = pages::read(&path, &filters, arguments.extent.most(), |_| true, context).await?;
    let columns = [
        Column::fixed("EVENT"),
        Column::fixed("RECEIVED"),
        Column::flexible("TYPE", 12),
        Column::flexible("AT THE PROVIDER", 12).expendable(1),
        Column::fixed("BYTES").expendable(0),
    ];
    let data = Value::Array(listed.values);
    present::many(&data, "id", &columns, row, "no event matches", &context.output)?;
    if listed.has_more && context.output.mode == Mode::Table {
        context.output.notice("there are older events: --limit shows more, --all shows all");
    }
    Ok(())
}

fn row(event: &ProviderEvent) -> Vec<String> {
    vec![
        cell(Some(&event.id)),
        time(Some(event.received_at)),
        cell(event.kind.as_deref()),
        cell(event.provider_event_id.as_deref()),
        event.body_size.to_string(),
    ]
}
