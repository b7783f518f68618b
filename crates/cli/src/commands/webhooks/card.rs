//! A webhook as a card, and which one a command is about.

use clap::Args;
use integrations_core::ids::WebhookId;
use integrations_core::wire::Webhook;
use serde_json::Value;

use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, time, word};

/// Which webhook a command is about.
#[derive(Args)]
pub(super) struct Target {
    /// The webhook's id
    #[arg(value_name = "WEBHOOK")]
    pub(super) id: WebhookId,
}

/// Prints a webhook.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "id", facts, &context.output)
}

/// The lines of a webhook's card.
pub(super) fn facts(webhook: &Webhook) -> Vec<(&'static str, String)> {
    vec![
        ("Webhook", cell(Some(&webhook.id))),
        ("URL", cell(Some(&webhook.url))),
        ("Events", cell(Some(&webhook.events.join(", ")))),
        ("Status", word(&webhook.status)),
        ("Failures", format!("{} since the last success", webhook.failure_count)),
        ("Last sent", last(webhook)),
        ("Created", time(Some(webhook.created_at))),
    ]
}

/// When a webhook was last sent something.
pub(super) fn last(webhook: &Webhook) -> String {
    if webhook.last_triggered_at.is_some() { time(webhook.last_triggered_at) } else { "not yet".to_owned() }
}
