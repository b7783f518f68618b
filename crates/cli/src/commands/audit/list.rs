//! `riq audit list`

use clap::Args;
use integrations_core::wire::AuditEvent;
use serde_json::Value;

use super::events::{Filters, Period, fetch, row};
use crate::client::{read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::{Column, table};

const EXAMPLES: &str = "\
Examples:
  riq audit list
  riq audit list --provider slack --since 2026-05-01T00:00:00Z
  riq audit list --action integration.disconnected --all
  riq audit list --json | jq '.[] | {created_at, action, provider}'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    period: Period,
    /// List at most this many events
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// List all events
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// Lists what was done to the project and its integrations, newest first.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let most = if arguments.all { usize::MAX } else { arguments.limit as usize };
    let events = fetch(&arguments.filters, &arguments.period, most, |_| true, context).await?;
    if context.output.mode == Mode::Quiet {
        return context.output.ids(events.values.iter().map(|event| text_field(event, "id")));
    }
    let data = Value::Array(events.values);
    if context.output.mode == Mode::Json {
        return context.output.json(&data);
    }
    let listed: Vec<AuditEvent> = read(&data)?;
    if listed.is_empty() {
        context.output.notice("no event matches");
        return Ok(());
    }
    let columns = [
        Column::fixed("TIME"),
        Column::fixed("ACTION"),
        Column::fixed("PROVIDER"),
        Column::flexible("ACTOR", 8),
        Column::flexible("CHANGES", 16).expendable(0),
    ];
    let rows: Vec<Vec<String>> = listed.iter().map(row).collect();
    context.output.raw(&table(&columns, &rows, context.output.width, context.output.paint))?;
    if events.has_more {
        context.output.notice("there are older events: --limit shows more, --all shows all");
    }
    Ok(())
}
