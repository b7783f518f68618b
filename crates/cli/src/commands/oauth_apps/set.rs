//! `riq oauth-apps set`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use integrations_core::catalog::ProviderKey;
use integrations_core::oauth_app::{MAX_LENGTH, read_credential};
use integrations_core::wire::SetOAuthApp;

use super::card;
use crate::arguments::{named_once, pair};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::hidden::Hidden;
use crate::output::Mode;

const EXAMPLES: &str = "\
The client secret is never an argument, because other users of the machine can see those. At a terminal it is asked \
for, unless the key comes from the environment; else it is read from a file or from standard input. The server seals \
it and cannot show it again.

Examples:
  riq oauth-apps set slack --client-id 123.456
  riq oauth-apps set slack --client-id 123.456 --client-secret-file - < secret
  riq oauth-apps set slack --client-id 123.456 --keep-secret --scopes chat:write,channels:read
  riq oauth-apps set slack --client-id 789.012 --project prj_…
  riq oauth-apps set ebay --client-id Example-PRD-123 --field ru_name=Example_Inc-Example-PRD-abcd";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack
    pub(crate) provider: ProviderKey,
    /// The client id that the provider issued
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// A file that contains only the client secret; - reads standard input
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// Keep the client secret that is stored for the same client id
    #[arg(long, conflicts_with = "client_secret_file")]
    keep_secret: bool,
    /// The scopes to ask for, separated by commas [default: the provider's usual ones]
    #[arg(long, value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// What an app of this provider has beside, as `riq oauth-apps show` lists it; can be given several times
    #[arg(long = "field", value_name = "KEY=VALUE", value_parser = pair)]
    fields: Vec<(String, String)>,
}

/// Sets the app of a provider.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.provider.as_str();
    let fields: BTreeMap<_, _> = named_once("--field", &arguments.fields)?;
    let app = SetOAuthApp {
        client_id: arguments.client_id.clone(),
        client_secret: secret(arguments, context).await?,
        scopes: arguments.scopes.clone(),
        fields: (!fields.is_empty()).then_some(fields),
    };
    let reply = context.client.send(&Request::put(["oauth-apps", provider]).json(&app)).await?;
    card::print(&reply.data, context)?;
    if context.output.mode == Mode::Table {
        context.output.notice(&format!("Set for {}.", context.config.place.value));
    }
    Ok(())
}

/// The client secret: from a file, from standard input, or asked for. `None`: the one that is stored.
async fn secret(arguments: &Arguments, context: &Context) -> Result<Option<String>, Failure> {
    if arguments.keep_secret {
        return Ok(None);
    }
    let hidden = Hidden {
        file: arguments.client_secret_file.as_deref(),
        option: "--client-secret-file",
        question: &format!("Client secret of {} (not shown): ", arguments.client_id),
        missing: "the client secret is needed: --client-secret-file - reads it from standard input, and \
                  --keep-secret keeps the one that is stored",
    };
    let (text, place) = hidden.read(context).await?;
    read_credential(&text).map(Some).ok_or_else(|| {
        Failure::usage(format!(
            "the client secret from {place} must be 1 to {MAX_LENGTH} visible ASCII characters without blanks"
        ))
    })
}
