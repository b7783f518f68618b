//! `GET /projects/{projectId}/integrations/{provider}`

use axum::{extract::State, response::Response};
use http::HeaderMap;
use integrations_core::wire::IntegrationResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        answer::respond_integration,
        auth::{Access, IntegrationsRead},
        entity_tag::{entity_tag, is_known, not_modified},
        failures::OnIntegration,
        parameters::{IfNoneMatch, InProject, OfProvider},
    },
    services::integrations::ChangeError,
};

/// Show an integration
///
/// Returns the integration with this provider, as it is in the list. With `If-None-Match`, the answer is a 304 without
/// a body while the stored version is a named one. What a check or a renewal moves without a new version, such as
/// `last_synced_at`, `next_check_at` and `credential.expires_at`, may have changed even then.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}",
    operation_id = "getIntegration",
    tag = "Integrations",
    params(InProject, OfProvider, IfNoneMatch),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The integration", body = IntegrationResponse,
         headers(("ETag" = String, description = "The entity tag of this version")),
         example = json!({"data": crate::http::examples::integration()})),
        (status = 304, description = "The client has this version",
         headers(("ETag" = String, description = "The entity tag of this version"))),
        OnIntegration,
    ),
)]
pub(super) async fn show(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let row = api.integrations.find(&access.tenant, &account).await?;
    let row = row.ok_or_else(|| ChangeError::not_installed(&account))?;
    let tag = entity_tag(row.version);
    if is_known(&request, &tag) {
        return not_modified(&tag);
    }
    respond_integration(view::integration(row).map_err(|error| Failure::internal(&error))?)
}
