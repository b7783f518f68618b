//! `riq keys revoke`

use clap::Args;

use super::card::{self, Target};
use crate::client::Request;
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
The key stops working within a second, for ever. At a terminal it asks first, unless the key that riq works with \
comes from the environment. If it cannot ask, it needs --yes.

Examples:
  riq keys revoke key_…
  riq keys revoke key_… --yes";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Revokes a key.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id()?;
    if arguments.confirmation.is_needed(&format!("revoking {id}"), context)? {
        let (key, warning) = card::in_words(&id, context).await?;
        let question = format!("Revoke {key}?\nWhoever still uses it is refused, for ever.{warning}");
        confirmation::ask(&question, "not revoked", context).await?;
    }
    let reply = context.client.send(&Request::delete(["keys", &id])).await?;
    card::print(&reply.data, context)
}
