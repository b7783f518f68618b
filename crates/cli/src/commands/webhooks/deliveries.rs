//! `riq webhooks deliveries`

use clap::Args;
use integrations_core::webhook::DeliveryStatus;
use integrations_core::wire::WebhookDelivery;
use serde_json::Value;

use super::card::Target;
use crate::arguments::one_of;
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages::{self, Extent};
use crate::present;
use crate::text::{Column, cell, time, word};

const EXAMPLES: &str = "\
Examples:
  riq webhooks deliveries whk_…
  riq webhooks deliveries whk_… --status failed --all
  riq webhooks deliveries whk_… --json | jq '.[] | {id, event, status, status_code}'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Only deliveries with this status
    #[arg(long, value_parser = one_of::<DeliveryStatus>(DeliveryStatus::ALL.map(DeliveryStatus::as_str)))]
    status: Option<DeliveryStatus>,
    #[command(flatten)]
    extent: Extent,
}

/// Lists the deliveries.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (id, output) = (arguments.target.id.to_string(), &context.output);
    let filters = [("status", arguments.status.map(DeliveryStatus::as_str))];
    let path = ["webhooks", &id, "deliveries"];
    let listed = pages::read(&path, &filters, arguments.extent.most(), |_| true, context).await?;
    let columns = [
        Column::fixed("DELIVERY"),
        Column::fixed("TIME").expendable(1),
        Column::fixed("EVENT"),
        Column::fixed("STATUS"),
        Column::fixed("ATTEMPTS").expendable(2),
        Column::fixed("ANSWER"),
        Column::fixed("TOOK").expendable(0),
        Column::fixed("NEXT").expendable(3),
    ];
    let data = Value::Array(listed.values);
    present::many(&data, "id", &columns, row, "no delivery matches", output)?;
    if listed.has_more && output.mode == Mode::Table {
        output.notice("there are older deliveries: --limit shows more, --all shows all");
    }
    Ok(())
}

fn row(delivery: &WebhookDelivery) -> Vec<String> {
    vec![
        cell(Some(&delivery.id)),
        time(Some(delivery.created_at)),
        word(&delivery.event),
        word(&delivery.status),
        delivery.attempt.to_string(),
        answer(delivery),
        format!("{} ms", delivery.duration_ms),
        time(delivery.next_attempt_at),
    ]
}

/// The status of the last answer, or why there was none.
pub(super) fn answer(delivery: &WebhookDelivery) -> String {
    match (&delivery.status_code, &delivery.error) {
        (Some(status), _) => status.to_string(),
        (None, Some(why)) => word(why),
        (None, None) => cell(None),
    }
}
