//! `GET /projects/{projectId}/integrations/catalog/{provider}`

use axum::{extract::State, response::Response};

use integrations_core::{
    catalog::Provider,
    wire::{CatalogEntryResponse, CatalogFields},
};

use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnProvider,
        parameters::{InProject, OfProvider},
    },
    services::integrations::accounts_of,
};

/// Show one provider
///
/// Returns what the provider is, which settings and actions it has, and its status in this project. The entry is about
/// the plain account, whatever alias the path names; the project's further accounts are named in `aliases`.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/catalog/{provider}",
    operation_id = "getCatalogEntry",
    tag = "Integrations",
    params(InProject, OfProvider),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The provider", body = CatalogEntryResponse,
         example = json!({"data": crate::http::examples::catalog_entry()})),
        OnProvider,
    ),
)]
pub(super) async fn catalog_entry(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let rows = api.integrations.list(&access.tenant).await?;
    let is_ready = |way: &Provider| api.oauth_apps.is_configured(&access.tenant, way);
    let accounts = accounts_of(&rows, account.provider.key.as_str());
    let entry = api.catalog_views.entry(&account.ways, is_ready, accounts, CatalogFields::All);
    let data = entry.ok_or_else(|| Failure::internal(&"a provider without a view"))?;
    respond(&CatalogEntryResponse { data })
}
