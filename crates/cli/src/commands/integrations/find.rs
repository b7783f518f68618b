//! Finds an integration in the list, and a provider's name in the catalog.

use integrations_core::catalog::ProviderRef;
use integrations_core::wire::Integration;

use crate::client::{Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;

/// The project's integration with the provider, if there is one.
pub(crate) async fn integration(provider: &str, context: &Context) -> Result<Option<Integration>, Failure> {
    let list = context.client.send(&Request::get(["integrations"])).await?;
    let integrations = list.data.as_array().into_iter().flatten();
    let mut found = integrations.filter(|integration| text_field(integration, "provider") == Some(provider));
    found.next().map(read).transpose()
}

/// The catalog's name for a provider, shown if an integration has no name of its own. `None` if it cannot be read,
/// because the command works without it.
pub(crate) async fn catalog_name(provider: &str, context: &Context) -> Option<String> {
    let request = Request::get(["integrations", "catalog", ProviderRef::parts(provider).0]);
    let reply = context.client.send(&request).await.ok()?;
    text_field(&reply.data, "name").map(str::to_owned)
}
