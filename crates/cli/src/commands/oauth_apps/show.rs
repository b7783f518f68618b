//! `riq oauth-apps show`

use clap::Args;
use integrations_core::catalog::ProviderKey;

use super::{card, find};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
The scopes and the redirect address are to be registered at the provider, exactly as they stand.

Examples:
  riq oauth-apps show slack
  riq oauth-apps show slack | jq -r .redirect_uri";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack
    pub(crate) provider: ProviderKey,
}

/// Shows the app that counts for a provider.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    card::print(&find::app(&arguments.provider, context).await?, context)
}
