//! `riq integrations list`

use std::collections::BTreeMap;

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::{CatalogFields, Integration};
use serde_json::Value;

use crate::client::{Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::{Column, Paint, cell, table, time, word, yes_no};

const EXAMPLES: &str = "\
Examples:
  riq integrations list
  riq integrations list --quiet
  riq integrations list | jq '.[] | {provider, status, health_status}'";

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Lists the project's integrations.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Request::get(["integrations"])).await?.data;
    if context.output.mode == Mode::Json {
        return context.output.json(&data);
    }
    if context.output.mode == Mode::Quiet {
        let integrations: Vec<Value> = read(&data)?;
        return context.output.ids(integrations.iter().map(|integration| text_field(integration, "id")));
    }
    let integrations: Vec<Integration> = read(&data)?;
    if integrations.is_empty() {
        let catalog = context.config.command("integrations catalog");
        context.output.notice(&format!("no integrations yet; {catalog} lists what can be installed"));
        return Ok(());
    }
    let names = if integrations.iter().any(|integration| integration.display_name.is_none()) {
        catalog_names(context).await
    } else {
        BTreeMap::new()
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

fn row(integration: &Integration, names: &BTreeMap<String, String>) -> Vec<String> {
    let name =
        integration.display_name.as_ref().or_else(|| names.get(ProviderRef::parts(&integration.provider).0));
    vec![
        cell(Some(&integration.provider)),
        cell(name.map(String::as_str)),
        word(&integration.status),
        word(&integration.health_status),
        yes_no(integration.sidebar_enabled),
        time(integration.last_synced_at),
    ]
}

/// The error messages, one line for each integration. They stand below the table because they do not fit into a column.
fn errors(integrations: &[Integration], paint: Paint) -> String {
    let failing = integrations.iter().filter_map(|integration| {
        let message = integration.error_message.as_deref()?;
        let provider = cell(Some(&integration.provider));
        Some(format!("{} {}\n", paint.bad(&format!("{provider}:")), cell(Some(message))))
    });
    let lines: String = failing.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// The catalog's name for each provider, shown if an integration has no name of its own. Empty if the catalog cannot be
/// read.
async fn catalog_names(context: &Context) -> BTreeMap<String, String> {
    let request =
        Request::get(["integrations", "catalog"]).query("fields", Some(CatalogFields::Brief.as_str()));
    let data = context.client.send(&request).await.map_or(Value::Null, |reply| reply.data);
    let entries = data.as_array().into_iter().flatten();
    let names = entries.filter_map(|entry| text_field(entry, "provider").zip(text_field(entry, "name")));
    names.map(|(provider, name)| (provider.to_owned(), name.to_owned())).collect()
}
