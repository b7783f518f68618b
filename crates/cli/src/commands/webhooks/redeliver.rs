//! `riq webhooks redeliver`

use clap::Args;
use integrations_core::ids::DeliveryId;
use integrations_core::wire::{RedeliverWebhook, RedeliveredWebhook};

use super::card::Target;
use crate::arguments::moment;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::present;
use crate::text::cell;

const EXAMPLES: &str = "\
A message is sent again with the same id and the same bytes, and with the header X-RogerIQ-Redelivery: true. A later \
event may have been delivered meanwhile: `sequence` in the message tells. With --since, only what was given up or \
dropped is sent again, oldest first, at most 10,000 messages.

Examples:
  riq webhooks redeliver whk_… dlv_…
  riq webhooks redeliver whk_… --since 2026-05-17T12:00:00Z";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The delivery's id, also if it was delivered
    #[arg(value_name = "DELIVERY", required_unless_present = "since", conflicts_with = "since")]
    delivery: Option<DeliveryId>,
    /// Everything that was not delivered of events at or after this time, such as 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<String>,
}

/// Sends messages again.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (id, output) = (arguments.target.id.to_string(), &context.output);
    let since = arguments.since.clone().map(|since| RedeliverWebhook { since });
    let delivery = arguments.delivery.map(|delivery| delivery.to_string());
    let request = match &delivery {
        Some(delivery) => Request::post(["webhooks", &id, "deliveries", delivery, "redeliver"]),
        None => Request::post(["webhooks", &id, "redeliver"]),
    };
    let request = match &since {
        Some(since) => request.json(since),
        None => request,
    };
    let data = context.client.send(&request).await?.data;
    if output.mode == Mode::Quiet {
        return output.ids([Some(delivery.as_deref().unwrap_or(&id))]);
    }
    let facts = |sent: &RedeliveredWebhook| {
        vec![("Webhook", cell(Some(&id))), ("Sent again", sent.redelivered.to_string())]
    };
    present::one(&data, "id", facts, output)
}
