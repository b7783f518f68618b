//! `riq integrations catalog`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::standing::Standing;
use integrations_core::wire::{Action, CatalogEntry, CatalogFields, Open, Way};
use serde_json::Value;

use crate::arguments::one_of;
use crate::client::{Request, raw_value, read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages;
use crate::text::{Column, aligned, card, cell, json_block, table, time, word};

const EXAMPLES: &str = "\
Examples:
  riq integrations catalog
  riq integrations catalog --category commerce --status available
  riq integrations catalog --q refund --limit 5
  riq integrations catalog --brief --json
  riq integrations catalog shopify";

/// What the command takes.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Describe only this provider, with its actions and settings
    #[arg(conflicts_with_all = ["q", "category", "status", "brief", "limit"])]
    pub(crate) provider: Option<ProviderRef>,
    /// Only providers with these words in their name, key, other names, category or description, the best match first
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Only providers of this category
    #[arg(long)]
    category: Option<String>,
    /// Only providers with this status
    #[arg(long, value_parser = one_of::<Standing>(Standing::ALL.map(Standing::as_str)))]
    status: Option<Standing>,
    /// Leave actions and settings out of the JSON
    #[arg(long)]
    brief: bool,
    /// List at most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// Lists the providers, or describes one.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    match &arguments.provider {
        Some(provider) => describe(provider.key(), context).await,
        None => list(arguments, context).await,
    }
}

async fn describe(provider: &str, context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Request::get(["integrations", "catalog", provider])).await?.data;
    match context.output.mode {
        Mode::Json => context.output.json(&data),
        Mode::Quiet => context.output.ids([text_field(&data, "provider")]),
        Mode::Table => context.output.raw(&card(
            &facts(&read(&data)?, context.output.width),
            context.output.width,
            context.output.paint,
        )),
    }
}

async fn list(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let data = entries(arguments, context).await?;
    if context.output.mode == Mode::Json {
        return context.output.json(&data);
    }
    if context.output.mode == Mode::Quiet {
        let entries: Vec<Value> = read(&data)?;
        return context.output.ids(entries.iter().map(|entry| text_field(entry, "provider")));
    }
    let entries: Vec<CatalogEntry> = read(&data)?;
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

/// The providers that match: all at once, or page by page where there is a limit. Actions and settings are asked for
/// only if they are shown.
async fn entries(arguments: &Arguments, context: &Context) -> Result<Value, Failure> {
    let is_brief = arguments.brief || context.output.mode != Mode::Json;
    let filters = [
        ("q", arguments.q.as_deref()),
        ("category", arguments.category.as_deref()),
        ("status", arguments.status.map(Standing::as_str)),
        ("fields", is_brief.then_some(CatalogFields::Brief.as_str())),
    ];
    let path = ["integrations", "catalog"];
    if let Some(limit) = arguments.limit {
        let listed = pages::read(&path, &filters, limit as usize, |_| true, context).await?;
        return Ok(Value::Array(listed.values));
    }
    let request = Request::get(path);
    let request = filters.iter().fold(request, |request, (name, value)| request.query(name, *value));
    Ok(context.client.send(&request).await?.data)
}

fn row(entry: &CatalogEntry) -> Vec<String> {
    vec![
        cell(Some(&entry.provider)),
        cell(Some(&entry.name)),
        word(&entry.category),
        word(&entry.setup_type),
        word(&entry.status),
        cell(Some(&entry.description)),
    ]
}

/// A way to log in, and what is to know of it.
fn way(way: &Way) -> String {
    let notes = [(way.recommended, "recommended"), (!way.ready, "not set up on this server")];
    let notes: Vec<&str> = notes.into_iter().filter(|(is_so, _)| *is_so).map(|(_, note)| note).collect();
    let kind = word(&way.kind);
    if notes.is_empty() { kind } else { format!("{kind} ({})", notes.join(", ")) }
}

fn facts(entry: &CatalogEntry, width: usize) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Provider", cell(Some(&entry.provider))),
        ("Name", cell(Some(&entry.name))),
        ("Description", cell(Some(&entry.description))),
        ("Category", word(&entry.category)),
        ("Setup", word(&entry.setup_type)),
        ("Status", word(&entry.status)),
    ];
    if entry.auth.len() > 1 {
        facts.push(("Ways to log in", entry.auth.iter().map(way).collect::<Vec<_>>().join(", ")));
    }
    if !entry.installable {
        let why = entry.not_installable_reason.as_deref();
        let why = why.map_or_else(String::new, |why| format!(": {}", cell(Some(why))));
        facts.push(("Installable", format!("no{why}")));
    }
    if !entry.aliases.is_empty() {
        let accounts = entry.aliases.iter().map(|alias| format!("{}~{alias}", entry.provider));
        facts.push(("Further accounts", cell(Some(&accounts.collect::<Vec<_>>().join(", ")))));
    }
    for (name, text) in [("Named here", &entry.display_name), ("Error", &entry.error_message)] {
        facts.extend(text.as_ref().map(|text| (name, cell(Some(text)))));
    }
    if entry.status != Open::Known(Standing::Available) {
        facts.push(("Health", word(&entry.health_status)));
        facts.push(("Last synced", time(entry.last_synced_at)));
    }
    facts.push(("Documentation", cell(Some(&entry.documentation_url))));
    facts.extend(entry.actions.as_ref().map(|actions| {
        let lines =
            actions.read().map_or_else(|_| json_block(&raw_value(actions)), |all| action_lines(&all, width));
        ("Actions", lines)
    }));
    let schema = entry.settings_schema.as_ref();
    facts.extend(schema.map(|schema| ("Settings", settings_lines(&raw_value(schema), width))));
    facts
}

fn action_lines(actions: &[Action], width: usize) -> String {
    let widest = actions.iter().map(|action| word(&action.kind).len()).max().unwrap_or(0);
    let rows = actions.iter().map(|action| {
        let about = format!("{:widest$}  {}", word(&action.kind), cell(Some(&action.label)));
        (cell(Some(&action.key)), about)
    });
    aligned(rows.collect(), width)
}

/// The settings by name, with type and description. A schema of an unexpected shape is shown unchanged.
fn settings_lines(schema: &Value, width: usize) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return json_block(schema);
    };
    let rows = properties.iter().map(|(name, property)| {
        let kind = property.get("type").and_then(Value::as_str).unwrap_or("any");
        let about = property.get("description").or_else(|| property.get("title")).and_then(Value::as_str);
        let about = about.map_or_else(String::new, |about| format!(": {}", cell(Some(about))));
        (cell(Some(name)), format!("{}{about}", cell(Some(kind))))
    });
    aligned(rows.collect(), width)
}
