//! `riq webhooks delivery`

use clap::Args;
use integrations_core::ids::DeliveryId;
use integrations_core::wire::{WebhookAttempt, WebhookDeliveryDetails};
use serde_json::Value;

use super::card::Target;
use super::deliveries::answer;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, json_block, time, word, written_out};

const EXAMPLES: &str = "\
The message is exactly what is sent, byte for byte, in each attempt.

Examples:
  riq webhooks delivery whk_… dlv_…
  riq webhooks delivery whk_… dlv_… | jq -r .body";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The delivery's id
    #[arg(value_name = "DELIVERY")]
    delivery: DeliveryId,
}

/// Shows one delivery.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (id, delivery) = (arguments.target.id.to_string(), arguments.delivery.to_string());
    let reply = context.client.send(&Request::get(["webhooks", &id, "deliveries", &delivery])).await?;
    present::one(&reply.data, "id", facts, &context.output)
}

fn facts(details: &WebhookDeliveryDetails) -> Vec<(&'static str, String)> {
    let delivery = &details.delivery;
    let mut facts = vec![
        ("Delivery", cell(Some(&delivery.id))),
        ("Event", format!("{} ({})", word(&delivery.event), cell(Some(&delivery.event_id)))),
        ("Status", word(&delivery.status)),
        ("Happened", time(Some(delivery.created_at))),
        ("Last answer", answer(delivery)),
    ];
    if delivery.next_attempt_at.is_some() {
        facts.push(("Next attempt", time(delivery.next_attempt_at)));
    }
    let message = serde_json::from_str::<Value>(&details.body);
    facts.push(("Message", message.map_or_else(|_| written_out(&details.body), |value| json_block(&value))));
    facts.extend(details.attempts.iter().map(|attempt| ("Attempt", in_words(attempt))));
    facts
}

/// One attempt, with the start of what the receiver answered.
fn in_words(attempt: &WebhookAttempt) -> String {
    let came = match (&attempt.status_code, &attempt.error) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(why)) => word(why),
        (None, None) => cell(None),
    };
    let head =
        format!("{} at {}: {came}, in {} ms", attempt.number, time(Some(attempt.at)), attempt.duration_ms);
    if attempt.answer.is_empty() { head } else { format!("{head}\n{}", written_out(&attempt.answer)) }
}
