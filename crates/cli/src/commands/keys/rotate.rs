//! `riq keys rotate`

use std::time::Duration;

use clap::Args;
use integrations_core::wire::RotateApiKey;

use super::card::{self, Target};
use super::new_key;
use crate::arguments::span;
use crate::client::Request;
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Choose no overlap for a key that leaked, and one for a key that programs still use. The new key is printed once, and \
cannot be shown again. With --quiet, only the key itself is printed. At a terminal it asks first, unless the key that \
riq works with comes from the environment. If it cannot ask, it needs --yes.

Examples:
  riq keys rotate key_…
  riq keys rotate key_… --overlap 1h --yes";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How long the old key works on, 30d at most: 90s, 30m, 1h, 7d [default: it stops at once]
    #[arg(long, value_name = "DURATION", value_parser = span)]
    overlap: Option<Duration>,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Replaces a key.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let id = arguments.target.id()?;
    let overlap = arguments.overlap.map(|overlap| overlap.as_secs());
    if arguments.confirmation.is_needed(&format!("rotating {id}"), context)? {
        let (key, warning) = card::in_words(&id, context).await?;
        let end = match overlap {
            None | Some(0) => "stops at once".to_owned(),
            Some(seconds) => format!("works for another {seconds} s"),
        };
        let question = format!("Rotate {key}?\nThe old key {end}.{warning}");
        confirmation::ask(&question, "not rotated", context).await?;
    }
    let rotation = RotateApiKey { overlap_seconds: overlap };
    let reply = context.client.send(&Request::post(["keys", &id, "rotate"]).json(&rotation)).await?;
    new_key::print(&reply.data, context)
}
