//! `PATCH /projects/{projectId}/integrations/{provider}/lifecycle`

use axum::{extract::State, response::Response};
use integrations_core::{
    integration::{Integration, Update},
    wire::{IntegrationResponse, LifecycleUpdate},
};

use super::changed;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::state::Api,
    http::{
        auth::{Access, IntegrationsWrite},
        failures::OnChange,
        parameters::{IfMatch, InProject, OfProvider},
    },
    services::integrations::ExpectedVersion,
};

/// Change an integration's lifecycle
///
/// Changes status, display name, sidebar, settings and action permissions in one step: all of it or nothing. A change
/// that is not allowed in the present status is a 409. Setting `disconnected` has the same effect as DELETE. A request
/// that changes nothing succeeds and records nothing. With `If-Match`, the change is made only if the stored version is
/// the named one.
#[utoipa::path(
    patch,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/lifecycle",
    operation_id = "updateIntegrationLifecycle",
    tag = "Integrations",
    params(InProject, OfProvider, IfMatch),
    request_body(content = LifecycleUpdate, example = json!(crate::http::examples::lifecycle_update())),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The integration after the request", body = IntegrationResponse,
         headers(("ETag" = String, description = "The entity tag of this version")),
         example = json!({"data": crate::http::examples::integration()})),
        OnChange,
    ),
)]
pub(super) async fn update_lifecycle(
    State(api): State<Api>,
    access: Access<IntegrationsWrite>,
    expected: ExpectedVersion,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let read = |stored: &Integration| Update::read(&body, stored, &account.provider);
    let changed =
        api.integrations.update(&access.tenant, &account, &expected, &access.acting(), read).await?;
    changed::respond(&changed, None, false)
}
