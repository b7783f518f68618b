//! `DELETE /projects/{projectId}/install-links/{linkId}`

use axum::{extract::State, response::Response};
use integrations_core::{error::ErrorCode, wire::InstallLinkResponse};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, IntegrationsWrite},
        failures::OnLink,
        parameters::{InProject, OfLink},
        state::Api,
    },
    store::OwnedError,
};

/// End an install link
///
/// Nothing can be installed with it any more, not even by a person who has begun. What was installed with it stays.
/// Repeating it is not an error.
#[utoipa::path(
    delete,
    path = "/api/v1/projects/{projectId}/install-links/{linkId}",
    operation_id = "endInstallLink",
    tag = "Integrations",
    params(InProject, OfLink),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The link as it is now", body = InstallLinkResponse,
         example = json!({"data": crate::http::examples::ended_install_link()})),
        OnLink,
    ),
)]
pub(super) async fn end(
    State(api): State<Api>,
    access: Access<IntegrationsWrite>,
) -> Result<Response, Failure> {
    let no_such_link =
        || Failure::new(ErrorCode::ResourceNotFound, "There is no such install link in this project");
    api.organizations.admit(&access.tenant).await?;
    let id = access.named().and_then(|text| text.parse().ok()).ok_or_else(no_such_link)?;
    let ended = api.installer.end_link(&access.tenant, id, &access.acting()).await;
    let link = ended.map_err(|error| match error {
        OwnedError::NotFound => no_such_link(),
        error => Failure::of_project(error),
    })?;
    let status = api.installer.status_of(&link);
    respond(&InstallLinkResponse { data: view::link(link, status) })
}
