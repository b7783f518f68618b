//! `riq integrations catalog`

use clap::Args;
use integrations_core::catalog::ProviderKey;
use serde_json::Value;

use crate::client::{Call, read};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::{Column, aligned, card, cell, json_block, table, time, yes_no};
use crate::wire::CatalogEntry;

const EXAMPLES: &str = "\
Examples:
  riq integrations catalog
  riq integrations catalog --category commerce --status available
  riq integrations catalog --q refund
  riq integrations catalog shopify";

/// What the command takes.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Describe this provider alone, with its actions and settings
    #[arg(conflicts_with_all = ["q", "category", "status"])]
    pub(crate) provider: Option<ProviderKey>,
    /// Only what has this text in its key, name, description or category
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Only this category
    #[arg(long)]
    category: Option<String>,
    /// Only this status: available, active, paused, disconnected or error
    #[arg(long)]
    status: Option<String>,
}

/// Lists the providers, or describes one.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    match &arguments.provider {
        Some(provider) => describe(provider.as_str(), context).await,
        None => list(arguments, context).await,
    }
}

async fn describe(provider: &str, context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Call::get(["catalog", provider])).await?.data;
    match context.output.mode {
        Mode::Json => context.output.json(&data),
        Mode::Quiet => context.output.ids([read::<CatalogEntry>(&data)?.provider.as_deref()]),
        Mode::Table => context.output.raw(&card(
            &facts(&read(&data)?, context.output.width),
            context.output.width,
            context.output.paint,
        )),
    }
}

async fn list(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let call = Call::get(["catalog"])
        .query("q", arguments.q.as_deref())
        .query("category", arguments.category.as_deref())
        .query("status", arguments.status.as_deref());
    let data = context.client.send(&call).await?.data;
    if context.output.mode == Mode::Json {
        return context.output.json(&data);
    }
    let entries: Vec<CatalogEntry> = read(&data)?;
    if context.output.mode == Mode::Quiet {
        return context.output.ids(entries.iter().map(|entry| entry.provider.as_deref()));
    }
    if entries.is_empty() {
        context.output.notice("no provider matches");
        return Ok(());
    }
    let columns = [
        Column::fixed("PROVIDER"),
        Column::flexible("NAME", 10),
        Column::fixed("CATEGORY").expendable(2),
        Column::fixed("SETUP").expendable(0),
        Column::fixed("STATUS"),
        Column::flexible("DESCRIPTION", 20).expendable(1),
    ];
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    context.output.raw(&table(&columns, &rows, context.output.width, context.output.paint))
}

fn row(entry: &CatalogEntry) -> Vec<String> {
    let texts =
        [&entry.provider, &entry.name, &entry.category, &entry.setup_type, &entry.status, &entry.description];
    texts.into_iter().map(|text| cell(text.as_deref())).collect()
}

fn facts(entry: &CatalogEntry, width: usize) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Provider", cell(entry.provider.as_deref())),
        ("Name", cell(entry.name.as_deref())),
        ("Description", cell(entry.description.as_deref())),
        ("Category", cell(entry.category.as_deref())),
        ("Setup", cell(entry.setup_type.as_deref())),
        ("Status", cell(entry.status.as_deref())),
    ];
    if entry.installable == Some(false) {
        let why = entry.not_installable_reason.as_deref();
        facts.push((
            "Installable",
            why.map_or_else(|| yes_no(Some(false)), |why| format!("no: {}", cell(Some(why)))),
        ));
    }
    for (name, text) in [("Named here", &entry.display_name), ("Error", &entry.error_message)] {
        facts.extend(text.as_ref().map(|text| (name, cell(Some(text)))));
    }
    if entry.status.as_deref() != Some("available") {
        facts.push(("Health", cell(entry.health_status.as_deref())));
        facts.push(("Last synced", time(entry.last_synced_at.as_deref())));
    }
    facts.push(("Documentation", cell(entry.documentation_url.as_deref())));
    facts.push(("Actions", action_lines(entry, width)));
    facts.push(("Settings", settings_lines(entry.settings_schema.as_ref(), width)));
    facts
}

fn action_lines(entry: &CatalogEntry, width: usize) -> String {
    let kinds = entry.actions.iter().filter_map(|action| action.kind.as_deref());
    let widest = kinds.map(|kind| cell(Some(kind)).len()).max().unwrap_or(0);
    let rows = entry.actions.iter().map(|action| {
        let label = cell(action.label.as_deref());
        let about = match action.kind.as_deref() {
            Some(kind) => format!("{:widest$}  {label}", cell(Some(kind))),
            None => label,
        };
        (cell(action.key.as_deref()), about)
    });
    aligned(rows.collect(), width)
}

/// The settings by name, with type and description; a schema of another shape as it is.
fn settings_lines(schema: Option<&Value>, width: usize) -> String {
    let Some(properties) = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object)
    else {
        return schema.map_or_else(|| cell(None), json_block);
    };
    let rows = properties.iter().map(|(name, property)| {
        let kind = property.get("type").and_then(Value::as_str).unwrap_or("any");
        let about = property.get("description").or_else(|| property.get("title")).and_then(Value::as_str);
        let about = about.map_or_else(String::new, |about| format!(": {}", cell(Some(about))));
        (cell(Some(name)), format!("{}{about}", cell(Some(kind))))
    });
    aligned(rows.collect(), width)
}
