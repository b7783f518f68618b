//! `riq integrations pause` and `resume`, and what every command that changes an integration has in common.

use clap::Args;
use reqwest::header::HeaderValue;
use serde_json::Value;

use super::{Context, etag};
use crate::cli::provider_key;
use crate::client::Call;
use crate::error::Failure;

/// Shown below the help of `pause`.
pub(crate) const PAUSE_EXAMPLES: &str = "\
Examples:
  riq integrations pause slack";

/// Shown below the help of `resume`.
pub(crate) const RESUME_EXAMPLES: &str = "\
Examples:
  riq integrations resume slack";

/// What such a command takes.
#[derive(Args)]
pub(crate) struct Target {
    /// The provider's key, such as slack
    #[arg(value_parser = provider_key)]
    pub(crate) provider: String,
    /// Only if this is still the integration's version, as `show` gives it
    #[arg(long, value_name = "ETAG", value_parser = etag)]
    pub(crate) if_match: Option<HeaderValue>,
}

/// Sends a change and prints the integration as it is then.
pub(crate) async fn run(target: &Target, body: Value, context: &Context) -> Result<(), Failure> {
    let call = Call::patch([target.provider.as_str(), "lifecycle"], body).if_match(target.if_match.clone());
    let reply = context.client.send(&call).await?;
    context.print_changed(&reply).await
}
