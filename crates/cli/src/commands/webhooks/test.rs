//! `riq webhooks test`

use clap::Args;
use integrations_core::wire::WebhookTest;

use super::card::Target;
use crate::client::{PROVIDER_TIME, Request};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::present;
use crate::text::{cell, word, yes_no};

const EXAMPLES: &str = "\
The event webhook.test is sent once, also to a disabled webhook, and counts neither as a success nor as a failure. The \
exit status says only whether the server answered; `delivered` says what the receiver did.

Examples:
  riq webhooks test whk_…
  riq webhooks test whk_… --json | jq -e .delivered";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Sends a test.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (id, output) = (arguments.target.id.to_string(), &context.output);
    let request = Request::post(["webhooks", &id, "test"]).patience(PROVIDER_TIME);
    let data = context.client.send(&request).await?.data;
    if output.mode == Mode::Quiet {
        return output.ids([Some(id.as_str())]);
    }
    present::one(&data, "id", facts, output)
}

fn facts(test: &WebhookTest) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Delivered", yes_no(test.delivered)),
        ("Status", cell(test.status_code.map(|status| status.to_string()).as_deref())),
    ];
    facts.extend(test.error.as_ref().map(|why| ("Error", word(why))));
    facts.push(("Took", format!("{} ms", test.duration_ms)));
    facts
}
