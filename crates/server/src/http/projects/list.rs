//! `GET /orgs/{orgId}/projects`

use axum::{extract::State, response::Response};
use integrations_core::wire::ProjectList;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{OrganizationAccess, ProjectsRead},
        failures::OnOrganization,
        parameters::InOrganization,
        state::Api,
    },
};

/// List an organization's projects
///
/// Returns the projects that are in use, oldest first. A key that is bound to projects gets these alone.
#[utoipa::path(
    get,
    path = "/api/v1/orgs/{orgId}/projects",
    operation_id = "listProjects",
    tag = "Projects",
    params(InOrganization),
    security(("api_key" = ["projects:read"]), ("bearer" = ["projects:read"])),
    responses(
        (status = 200, description = "The organization's projects", body = ProjectList,
         example = json!({"data": [crate::http::examples::project()]})),
        OnOrganization,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: OrganizationAccess<ProjectsRead>,
) -> Result<Response, Failure> {
    let reach = &access.caller.rights.reach;
    let projects = api.organizations.projects(access.organization(), reach).await?;
    respond(&ProjectList { data: projects.into_iter().map(view::project).collect() })
}
