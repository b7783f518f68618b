//! `DELETE /orgs/{orgId}/projects/{projectId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::ProjectResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{OrganizationAccess, ProjectsWrite},
        failures::OnOwnedProject,
        parameters::{InOrganization, InProject},
        state::Api,
    },
};

/// Archive a project
///
/// Nothing can be done in it any more, and its integrations are no longer checked or renewed. It can be brought back
/// for 30 days; then its credentials are destroyed. Repeating it is not an error.
#[utoipa::path(
    delete,
    path = "/api/v1/orgs/{orgId}/projects/{projectId}",
    operation_id = "archiveProject",
    tag = "Projects",
    params(InOrganization, InProject),
    security(("api_key" = ["projects:write"]), ("bearer" = ["projects:write"])),
    responses(
        (status = 200, description = "The archived project", body = ProjectResponse,
         example = json!({"data": crate::http::examples::archived_project()})),
        OnOwnedProject,
    ),
)]
pub(super) async fn archive(
    State(api): State<Api>,
    access: OrganizationAccess<ProjectsWrite>,
) -> Result<Response, Failure> {
    let (organization, id) = (access.organization(), access.project()?);
    api.organizations.project(organization, &access.caller.rights.reach, id).await?;
    let archived = api.organizations.archive_project(organization, id, &access.acting()).await;
    view::respond_project(archived.map_err(Failure::of_project)?)
}
