//! `POST /orgs/{orgId}/projects`

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use integrations_core::{
    project::NewProject,
    wire::{CreateProject, ProjectResponse},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        auth::{OrganizationAccess, ProjectsWrite},
        failures::OnCreation,
        parameters::InOrganization,
        state::Api,
    },
};

/// Create a project
///
/// A slug is made from the name if none is named. A key that is bound to projects cannot create others.
#[utoipa::path(
    post,
    path = "/api/v1/orgs/{orgId}/projects",
    operation_id = "createProject",
    tag = "Projects",
    params(InOrganization),
    request_body(content = CreateProject, example = json!({"name": "Acme Support", "domain": "support.example.com"})),
    security(("api_key" = ["projects:write"]), ("bearer" = ["projects:write"])),
    responses(
        (status = 201, description = "The new project", body = ProjectResponse,
         example = json!({"data": crate::http::examples::project()})),
        OnCreation,
    ),
)]
pub(super) async fn create(
    State(api): State<Api>,
    access: OrganizationAccess<ProjectsWrite>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let new = NewProject::read(&body)?;
    let created = api.organizations.create_project(access.organization(), new, access.acting()).await;
    let response = view::respond_project(created.map_err(view::refused)?)?;
    Ok((StatusCode::CREATED, response).into_response())
}
