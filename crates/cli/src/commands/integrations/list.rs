//! `riq integrations list`

use clap::Args;
use serde_json::Value;

use crate::client::{Call, read};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::{Column, Paint, cell, table, time, yes_no};
use crate::wire::{CatalogEntry, Integration};

const EXAMPLES: &str = "\
Examples:
  riq integrations list
  riq integrations list --quiet
  riq integrations list | jq '.[] | {provider, status, health_status}'";

/// What the command takes: nothing of its own.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Lists the project's integrations.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Call::get([])).await?.data;
    if context.output.mode == Mode::Json {
        return context.output.json(&data);
    }
    let integrations: Vec<Integration> = read(&data)?;
    if context.output.mode == Mode::Quiet {
        return context.output.ids(integrations.iter().map(|integration| integration.id.as_deref()));
    }
    if integrations.is_empty() {
        context.output.notice("no integrations yet; `riq integrations catalog` lists what can be installed");
        return Ok(());
    }
    let names = if integrations.iter().any(|integration| integration.display_name.is_none()) {
        catalog_names(context).await
    } else {
        Vec::new()
    };
    let columns = [
        Column::fixed("PROVIDER"),
        Column::flexible("NAME", 12),
        Column::fixed("STATUS"),
        Column::fixed("HEALTH"),
        Column::fixed("SIDEBAR").expendable(0),
        Column::fixed("LAST SYNCED").expendable(1),
    ];
    let rows: Vec<Vec<String>> = integrations.iter().map(|integration| row(integration, &names)).collect();
    let paint = context.output.paint;
    context.output.raw(&(table(&columns, &rows, context.output.width, paint) + &errors(&integrations, paint)))
}

fn row(integration: &Integration, names: &[CatalogEntry]) -> Vec<String> {
    let entry = names.iter().find(|entry| entry.provider.is_some() && entry.provider == integration.provider);
    let name = integration.display_name.as_deref().or_else(|| entry.and_then(|entry| entry.name.as_deref()));
    vec![
        cell(integration.provider.as_deref()),
        cell(name),
        cell(integration.status.as_deref()),
        cell(integration.health_status.as_deref()),
        yes_no(integration.sidebar_enabled),
        time(integration.last_synced_at.as_deref()),
    ]
}

/// What is wrong, below the table: a sentence does not fit into a column.
fn errors(integrations: &[Integration], paint: Paint) -> String {
    let failing = integrations.iter().filter_map(|integration| {
        let message = integration.error_message.as_deref()?;
        let provider = cell(integration.provider.as_deref());
        Some(format!("{} {}\n", paint.bad(&format!("{provider}:")), cell(Some(message))))
    });
    let lines: String = failing.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// The catalog's names, shown where an integration has none of its own. A table can do without them.
async fn catalog_names(context: &Context) -> Vec<CatalogEntry> {
    let reply = context.client.send(&Call::get(["catalog"])).await;
    let data = reply.map_or(Value::Null, |reply| reply.data);
    read(&data).unwrap_or_default()
}
