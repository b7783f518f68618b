//! Finds an integration in the list, and a provider's name in the catalog.

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

/// The provider's integration in the list, with fields that riq does not know.
pub(crate) fn in_list<'a>(list: &'a Value, provider: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|integration| text_field(integration, "provider") == Some(provider))
}

/// The catalog's name for a provider, shown if an integration has no name of its own. `None` if it cannot be read,
/// because the command works without it.
pub(crate) async fn catalog_name(provider: &str, context: &Context) -> Option<String> {
    let reply = context.client.send(&Request::get(["catalog", provider])).await.ok()?;
    text_field(&reply.data, "name").map(str::to_owned)
}
