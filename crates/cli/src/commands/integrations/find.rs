//! Looking up what the API has no route of its own for, or what a command can do without.

use integrations_core::wire::Integration;
use serde_json::Value;

use crate::client::{Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;

/// The project's integration with the provider, if there is one.
pub(crate) async fn integration(provider: &str, context: &Context) -> Result<Option<Integration>, Failure> {
    let list = context.client.send(&Request::get([])).await?;
    in_list(&list.data, provider).map(read).transpose()
}

/// The provider's integration in the list, as it came.
pub(crate) fn in_list<'a>(list: &'a Value, provider: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|integration| text_field(integration, "provider") == Some(provider))
}

/// The catalog's name for a provider, shown where an integration has none of its own. None where it cannot be had:
/// what it is wanted for can do without it.
pub(crate) async fn catalog_name(provider: &str, context: &Context) -> Option<String> {
    let reply = context.client.send(&Request::get(["catalog", provider])).await.ok()?;
    text_field(&reply.data, "name").map(str::to_owned)
}
