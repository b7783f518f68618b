//! `riq integrations health-history`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::HealthDay;

use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{Column, cell, word};

const EXAMPLES: &str = "\
The days are those of UTC. The rest of a day is not known: the integration was not there, or was disconnected.

Examples:
  riq integrations health-history shopify
  riq integrations health-history shopify | jq '[.[] | select(.health == \"unhealthy\") | .date]'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
}

/// Lists the last 30 days, oldest first.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let request = Request::get(["integrations", arguments.provider.as_str(), "health-history"]);
    let data = context.client.send(&request).await?.data;
    let columns = [
        Column::fixed("DAY"),
        Column::fixed("WORST"),
        Column::fixed("HEALTHY"),
        Column::fixed("DEGRADED").expendable(1),
        Column::fixed("UNHEALTHY").expendable(0),
    ];
    present::many(&data, "date", &columns, row, "nothing is known", &context.output)
}

fn row(day: &HealthDay) -> Vec<String> {
    vec![
        cell(Some(&day.date)),
        day.health.as_ref().map_or_else(|| cell(None), word),
        hours(day.healthy_seconds),
        hours(day.degraded_seconds),
        hours(day.unhealthy_seconds),
    ]
}

/// Seconds as hours and minutes.
fn hours(seconds: i64) -> String {
    format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60)
}
