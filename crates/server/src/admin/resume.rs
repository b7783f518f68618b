//! `riq-server admin resume`: goes on with a database that was restored or copied.

use clap::Args;
use serde::Serialize;

use super::context::{Confirmation, Context};
use crate::store::ExportStatus;

#[derive(Args, Debug)]
pub(super) struct Command {
    /// Take the database for a copy instead, where a server cannot notice it by itself
    #[arg(long)]
    not_yet: bool,
    #[command(flatten)]
    confirmation: Confirmation,
}

#[derive(Serialize)]
struct Outcome {
    /// Whether what cannot be undone rests now.
    rests: bool,
    /// Whether that was otherwise before.
    changed: bool,
}

const GOES_ON: &str = "This server renews tokens, revokes and sends again. If another server uses a copy of this \
     database, each renewal at one may lock the other out: be sure that it has stopped for good. A backup knows nothing \
     of what came after it. Integrations that were exported since to another server are in use here again: disconnect \
     them first, without revoking. Calls that wait for a person may have been sent: look at the provider before you \
     approve them";

/// The moves that are under way, in words.
async fn under_way(context: &Context) -> anyhow::Result<String> {
    let all = context.store.exports(None).await?;
    let open = all.into_iter().filter(|one| one.status == ExportStatus::UnderWay.as_str());
    let open: Vec<String> = open.map(|one| format!("{} of {}", one.id, one.project_id)).collect();
    Ok(match open.is_empty() {
        true => String::new(),
        false => format!(". Moves that are under way stay so: {}", open.join(", ")),
    })
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    let now = context.environment.now();
    let since = context.store.look_around(now).await?;
    let changed = if command.not_yet {
        context.store.set_quiet(Some(now)).await?
    } else if since.is_some() {
        command.confirmation.ask(&format!("{GOES_ON}{}", under_way(context).await?))?;
        context.store.set_quiet(None).await?
    } else {
        false
    };
    let outcome = Outcome { rests: command.not_yet, changed };
    context.answer(&outcome, || {
        let words = match (outcome.rests, outcome.changed) {
            (true, true) => {
                "Tokens that work once are not renewed, nothing is revoked, and webhooks are not sent"
            }
            (false, true) => "The server goes on: it notices within a minute",
            (_, false) => "Nothing was changed: it is so already",
        };
        vec![words.to_owned()]
    })
}
