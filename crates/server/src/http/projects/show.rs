//! `GET /orgs/{orgId}/projects/{projectId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::ProjectResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{OrganizationAccess, ProjectsRead},
        failures::OnOwnedProject,
        parameters::{InOrganization, InProject},
        state::Api,
    },
};

/// Get a project
///
/// Archived projects are shown too: `archived_at` says since when, `restorable_until` until when they can be brought
/// back.
#[utoipa::path(
    get,
    path = "/api/v1/orgs/{orgId}/projects/{projectId}",
    operation_id = "getProject",
    tag = "Projects",
    params(InOrganization, InProject),
    security(("api_key" = ["projects:read"]), ("bearer" = ["projects:read"])),
    responses(
        (status = 200, description = "The project", body = ProjectResponse,
         example = json!({"data": crate::http::examples::project()})),
        OnOwnedProject,
    ),
)]
pub(super) async fn show(
    State(api): State<Api>,
    access: OrganizationAccess<ProjectsRead>,
) -> Result<Response, Failure> {
    let (organization, reach) = (access.organization(), &access.caller.rights.reach);
    view::respond_project(api.organizations.project(organization, reach, access.project()?).await?)
}
