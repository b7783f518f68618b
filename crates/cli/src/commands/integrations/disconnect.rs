//! `riq integrations disconnect`

use clap::Args;

use super::{change, find};
use crate::client::{Request, text_field};
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::cell;

const EXAMPLES: &str = "\
Destroys the stored credential: to use the integration again, you have to install it again. The tokens are not \
revoked at the provider: revoke them there, or say --revoke, and the provider is asked to. At a terminal it asks \
first, unless the key comes from the environment. If it cannot ask, it needs --yes.

Examples:
  riq integrations disconnect slack
  riq integrations disconnect slack --yes
  riq integrations disconnect github --revoke";

/// The notice if the API's answer has no message.
const NOT_REVOKED: &str = "The tokens are not revoked at the provider.";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: change::Target,
    /// Also ask the provider to revoke the access, and say what came of it
    #[arg(long)]
    revoke: bool,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Disconnects an integration.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.target.provider.as_str();
    if arguments.confirmation.is_needed(&disconnecting(provider), context)? {
        ask(provider, arguments.revoke, context).await?;
    }
    let request = Request::delete(["integrations", provider]);
    let request = request
        .query("revoke", arguments.revoke.then_some("true"))
        .if_match(arguments.target.if_match.clone());
    let reply = context.client.send(&request).await?;
    change::print(&reply, context).await?;
    if context.output.mode == Mode::Table {
        context.output.notice(text_field(&reply.data, "message").unwrap_or(NOT_REVOKED));
    }
    Ok(())
}

/// Asks as this command does. Fails where riq may not ask.
pub(crate) async fn confirm(provider: &str, context: &Context) -> Result<(), Failure> {
    confirmation::check_may_ask(&disconnecting(provider), context)?;
    ask(provider, false, context).await
}

fn disconnecting(provider: &str) -> String {
    format!("disconnecting {provider}")
}

/// Asks whether to disconnect, and says what will be lost. Any answer but yes ends the command.
async fn ask(provider: &str, revokes: bool, context: &Context) -> Result<(), Failure> {
    let Some(integration) = find::integration(provider, context).await? else {
        // There is nothing to disconnect. The API's error will say why.
        return Ok(());
    };
    let name = match integration.display_name {
        Some(name) => Some(name),
        None => find::catalog_name(provider, context).await,
    };
    let provider = cell(Some(provider));
    let what = name.map_or(provider.clone(), |name| format!("{} ({provider})", cell(Some(&name))));
    let revoking = match revokes {
        true => {
            "The provider is asked to revoke the access. Other connections of the account may end with it."
        }
        false => "The tokens are NOT revoked at the provider.",
    };
    let question = format!(
        "Disconnect {what} from {}?\nIts stored credential is destroyed: to use it again, you have to install it \
         again.\n{revoking}",
        context.config.place.value,
    );
    confirmation::ask(&question, "not disconnected", context).await
}
