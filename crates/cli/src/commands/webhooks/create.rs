//! `riq webhooks create`

use clap::Args;
use integrations_core::wire::{CreateWebhook, Webhook};

use super::{card, new_secret};
use crate::client::{Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
The secret that messages are signed with is printed once, and cannot be shown again. With --quiet, only the secret is \
printed.

Examples:
  riq webhooks create --url https://app.example/hooks/riq --events 'integration.*'
  riq webhooks create --url https://app.example/hooks/riq --events approval.requested,approval.decided
  riq webhooks create --url http://127.0.0.1:3000/hooks --events '*' --quiet > secret-file";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where events are sent to: https, or http on the machine of the server
    #[arg(long)]
    url: String,
    /// What it is told, separated by commas: names of events, prefixes such as integration.*, or * for all
    #[arg(long, value_delimiter = ',', required = true)]
    events: Vec<String>,
}

/// Creates a webhook.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let new = CreateWebhook { url: arguments.url.clone(), events: arguments.events.clone(), status: None };
    let data = context.client.send(&Request::post(["webhooks"]).json(&new)).await?.data;
    let id = text_field(&data, "id").unwrap_or("without an id");
    new_secret::print(&data, id, || Ok(card::facts(&read::<Webhook>(&data)?)), context)
}
