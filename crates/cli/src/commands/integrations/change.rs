//! What every command that changes an integration has in common.

use clap::Args;
use reqwest::header::HeaderValue;
use serde_json::Value;

use super::card::integration_facts;
use super::find;
use crate::arguments::{etag, provider_key};
use crate::client::{Call, Reply, read};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::card;
use crate::wire::Integration;

/// Which integration to change.
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
pub(crate) async fn send(target: &Target, body: Value, context: &Context) -> Result<(), Failure> {
    let call = Call::patch([target.provider.as_str(), "lifecycle"], body).if_match(target.if_match.clone());
    let reply = context.client.send(&call).await?;
    print(&reply, context).await
}

/// Prints an integration that a change was answered with.
pub(crate) async fn print(reply: &Reply, context: &Context) -> Result<(), Failure> {
    let (data, output) = (&reply.data, &context.output);
    match output.mode {
        Mode::Json => output.json(data),
        Mode::Quiet => output.ids([read::<Integration>(data)?.id.as_deref()]),
        Mode::Table => {
            let mut integration: Integration = read(data)?;
            integration.etag = integration.etag.or_else(|| reply.etag.clone());
            if let (None, Some(provider)) = (&integration.display_name, &integration.provider) {
                integration.display_name = find::catalog_name(provider, context).await;
            }
            output.raw(&card(&integration_facts(&integration, None), output.width, output.paint))
        }
    }
}
