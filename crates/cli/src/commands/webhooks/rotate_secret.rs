//! `riq webhooks rotate-secret`

use std::time::Duration;

use clap::Args;
use integrations_core::wire::{RotateWebhookSecret, WebhookSecret};

use super::card::Target;
use super::new_secret;
use crate::arguments::span;
use crate::client::{Request, read};
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;
use crate::text::{cell, time};

const EXAMPLES: &str = "\
Choose no overlap for a secret that leaked. During an overlap, X-RogerIQ-Signature is made with the old secret, and \
webhook-signature has one signature of each. The new secret is printed once, and cannot be shown again. With --quiet, \
only the secret is printed. At a terminal it asks first, unless the key comes from the environment. If it cannot ask, \
it needs --yes.

Examples:
  riq webhooks rotate-secret whk_…
  riq webhooks rotate-secret whk_… --overlap 1h --yes";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How long the old secret signs too, 30d at most: 90s, 30m, 1h, 7d [default: it stops at once]
    #[arg(long, value_name = "DURATION", value_parser = span)]
    overlap: Option<Duration>,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Replaces a webhook's secret.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id.to_string();
    let overlap = arguments.overlap.map(|overlap| overlap.as_secs());
    if arguments.confirmation.is_needed(&format!("rotating the secret of {id}"), context)? {
        let end = match overlap {
            None | Some(0) => {
                "stops at once: until the receiver has the new one, it refuses messages".to_owned()
            }
            Some(seconds) => format!("signs too for another {seconds} s"),
        };
        let question = format!("Rotate the secret of {id}?\nThe old secret {end}.");
        confirmation::ask(&question, "not rotated", context).await?;
    }
    let rotation = RotateWebhookSecret { overlap_seconds: overlap };
    let path = ["webhooks", &id, "rotate-secret"];
    let data = context.client.send(&Request::post(path).json(&rotation)).await?.data;
    let facts = || {
        let rotated: WebhookSecret = read(&data)?;
        let until = rotated.old_secret_until;
        let old =
            if until.is_some() { format!("signs too until {}", time(until)) } else { "stopped".to_owned() };
        Ok(vec![("Webhook", cell(Some(&id))), ("Old secret", old)])
    };
    new_secret::print(&data, &id, facts, context)
}
