//! `riq webhooks update`

use clap::Args;
use integrations_core::webhook::{Waiting, WebhookStatus};
use integrations_core::wire::UpdateWebhook;

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
What happens while a webhook is disabled waits. --enable sends that, in order; with --drop-waiting it is dropped, and \
`riq webhooks redeliver` can still send it. Events are replaced as a whole.

Examples:
  riq webhooks update whk_… --events 'integration.*,approval.*'
  riq webhooks update whk_… --disable
  riq webhooks update whk_… --enable --drop-waiting";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Where events are sent to: https, or http on the machine of the server
    #[arg(long)]
    url: Option<String>,
    /// What it is told, separated by commas; it is told nothing else afterwards
    #[arg(long, value_delimiter = ',')]
    events: Option<Vec<String>>,
    /// Switch it on
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Drop what waits, instead of sending it
    #[arg(long, requires = "enable")]
    drop_waiting: bool,
    /// Switch it off; what happens from now on waits
    #[arg(long)]
    disable: bool,
}

/// Changes a webhook.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let status = match (arguments.enable, arguments.disable) {
        (true, _) => Some(WebhookStatus::Active),
        (false, true) => Some(WebhookStatus::Disabled),
        (false, false) => None,
    };
    let update = UpdateWebhook {
        url: arguments.url.clone(),
        events: arguments.events.clone(),
        status,
        waiting: arguments.drop_waiting.then_some(Waiting::Drop),
    };
    if update == UpdateWebhook::default() {
        return Err(Failure::usage("no change is named; see `riq webhooks update --help`"));
    }
    let id = arguments.target.id.to_string();
    let reply = context.client.send(&Request::patch(["webhooks", &id]).json(&update)).await?;
    card::print(&reply.data, context)
}
