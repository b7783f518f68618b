//! `riq oauth-apps remove`

use clap::Args;
use integrations_core::catalog::ProviderKey;
use integrations_core::wire::{OAuthApp, OAuthAppOwner, Open};

use super::{card, find};
use crate::client::{Request, read};
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::place::Place;
use crate::text::cell;

const EXAMPLES: &str = "\
The client secret is destroyed, and tokens that came from the app are no longer renewed. The app that counts \
afterwards is shown, if there is one. At a terminal it asks first, unless the key comes from the environment. If it \
cannot ask, it needs --yes.

Examples:
  riq oauth-apps remove slack
  riq oauth-apps remove slack --project prj_… --yes";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack
    pub(crate) provider: ProviderKey,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Removes the app of a provider.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (provider, place) = (arguments.provider.as_str(), context.config.place.value);
    if arguments.confirmation.is_needed(&format!("removing the app for {provider}"), context)? {
        let app: OAuthApp = read(&find::app(&arguments.provider, context).await?)?;
        // Another's app is not removed here, so nothing is lost.
        if is_set_here(&app, place) {
            let question = format!(
                "Remove the OAuth app {} for {} ({provider}) from {place}?\nIts client secret is destroyed, and tokens \
                 that came from it are no longer renewed.",
                cell(app.client_id.as_deref()),
                cell(Some(&app.name)),
            );
            confirmation::ask(&question, "not removed", context).await?;
        }
    }
    let reply = context.client.send(&Request::delete(["oauth-apps", provider])).await?;
    card::print(&reply.data, context)?;
    if context.output.mode == Mode::Table {
        context.output.notice(&format!("No app is set for {place} any more."));
    }
    Ok(())
}

/// Whether the app that counts is set for this project or organization itself.
fn is_set_here(app: &OAuthApp, place: Place) -> bool {
    match app.owner {
        // It is that of several services, and is removed under their base's key.
        _ if app.shared => false,
        Some(Open::Known(OAuthAppOwner::Project)) => matches!(place, Place::Project(_)),
        Some(Open::Known(OAuthAppOwner::Organization)) => matches!(place, Place::Organization(_)),
        Some(Open::Known(OAuthAppOwner::Server)) | None => false,
        Some(Open::Unknown(_)) => true,
    }
}
