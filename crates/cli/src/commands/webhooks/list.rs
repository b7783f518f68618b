//! `riq webhooks list`

use clap::Args;
use integrations_core::wire::Webhook;

use super::card::last;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{Column, cell, word};

const EXAMPLES: &str = "\
Examples:
  riq webhooks list
  riq webhooks list | jq -r '.[] | select(.status == \"disabled\") | .id'";

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Lists the project's webhooks.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Request::get(["webhooks"])).await?.data;
    let columns = [
        Column::fixed("WEBHOOK"),
        Column::flexible("URL", 20),
        Column::flexible("EVENTS", 12).expendable(1),
        Column::fixed("STATUS"),
        Column::fixed("FAILURES").expendable(0),
        Column::fixed("LAST SENT").expendable(2),
    ];
    let create = context.config.command("webhooks create --url URL --events EVENTS");
    present::many(&data, "id", &columns, row, &format!("no webhooks; {create} makes one"), &context.output)
}

fn row(webhook: &Webhook) -> Vec<String> {
    vec![
        cell(Some(&webhook.id)),
        cell(Some(&webhook.url)),
        cell(Some(&webhook.events.join(", "))),
        word(&webhook.status),
        webhook.failure_count.to_string(),
        last(webhook),
    ]
}
