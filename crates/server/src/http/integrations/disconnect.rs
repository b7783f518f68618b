//! `DELETE /projects/{projectId}/integrations/{provider}`

use axum::{extract::State, response::Response};
use integrations_core::wire::IntegrationResponse;

use super::changed;
use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        auth::{Access, IntegrationsWrite},
        failures::OnDisconnect,
        parameters::{IfMatch, InProject, OfProvider},
    },
    services::integrations::ExpectedVersion,
};

/// Disconnect an integration
///
/// Sets the status to `disconnected`, hides the sidebar panel, clears the health and destroys the stored credential. To
/// use the integration again, install it again. The tokens are **not** revoked at the provider: do that there.
/// Repeating the request is not an error and records nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/projects/{projectId}/integrations/{provider}",
    operation_id = "disconnectIntegration",
    tag = "Integrations",
    params(InProject, OfProvider, IfMatch),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The integration after the request", body = IntegrationResponse,
         headers(("ETag" = String, description = "The entity tag of this version")),
         example = json!({"data": crate::http::examples::disconnected()})),
        OnDisconnect,
    ),
)]
pub(super) async fn disconnect(
    State(api): State<Api>,
    access: Access<IntegrationsWrite>,
    expected: ExpectedVersion,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let changed = api.integrations.disconnect(&access.tenant, &account, &expected, &access.acting()).await?;
    changed::respond(&changed, true)
}
