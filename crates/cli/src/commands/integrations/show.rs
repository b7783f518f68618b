//! `riq integrations show`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::{CatalogEntry, Integration};
use serde_json::Value;

use super::card::integration_facts;
use crate::client::{Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::card;

const EXAMPLES: &str = "\
In JSON, the integration also has the provider's catalog entry, as `catalog`.

Examples:
  riq integrations show shopify
  riq integrations show shopify | jq .settings
  riq integrations show shopify | jq -r .etag";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
}

/// Shows everything that the API says about one integration. The catalog entry adds the name and the actions.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.provider.as_str();
    let found = &context.client.send(&Request::get(["integrations", provider])).await?.data;
    // The catalog may lose the provider between the two requests.
    let request = Request::get(["integrations", "catalog", arguments.provider.key()]);
    let entry = match context.client.send(&request).await {
        Ok(reply) => Some(reply.data),
        Err(Failure::Reported(report)) if report.status == Some(404) => None,
        Err(failure) => return Err(failure),
    };
    match context.output.mode {
        Mode::Quiet => context.output.ids([text_field(found, "id")]),
        Mode::Json => {
            let mut document = found.clone();
            if let Some(fields) = document.as_object_mut() {
                fields.insert("catalog".to_owned(), entry.unwrap_or(Value::Null));
            }
            context.output.json(&document)
        }
        Mode::Table => {
            let integration: Integration = read(found)?;
            let entry: Option<CatalogEntry> = entry.as_ref().map(read).transpose()?;
            context.output.raw(&card(
                &integration_facts(&integration, entry.as_ref()),
                context.output.width,
                context.output.paint,
            ))
        }
    }
}
