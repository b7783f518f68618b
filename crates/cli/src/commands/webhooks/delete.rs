//! `riq webhooks delete`

use clap::Args;
use integrations_core::wire::Webhook;

use super::card::{self, Target};
use crate::client::{Request, read};
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::cell;

const EXAMPLES: &str = "\
What waits is not sent, and what was sent is forgotten. The webhook is printed as it was. At a terminal it asks first, \
unless the key comes from the environment. If it cannot ask, it needs --yes.

Examples:
  riq webhooks delete whk_…
  riq webhooks delete whk_… --yes";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Deletes a webhook.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id.to_string();
    if arguments.confirmation.is_needed(&format!("deleting {id}"), context)? {
        let webhook: Webhook = read(&context.client.send(&Request::get(["webhooks", &id])).await?.data)?;
        let question = format!(
            "Delete the webhook {id} to {}?\nIt is told nothing more, what waits is not sent, and what was sent is \
             forgotten.",
            cell(Some(&webhook.url)),
        );
        confirmation::ask(&question, "not deleted", context).await?;
    }
    let reply = context.client.send(&Request::delete(["webhooks", &id])).await?;
    card::print(&reply.data, context)?;
    if context.output.mode == Mode::Table {
        context.output.notice("It is deleted.");
    }
    Ok(())
}
