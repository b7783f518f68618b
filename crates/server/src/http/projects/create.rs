//! `POST /orgs/{orgId}/projects`

use axum::{extract::State, response::Response};
use integrations_core::{
    project::NewProject,
    wire::{CreateProject, ProjectResponse},
};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{ProjectsWrite, WholeOrganization},
        failures::OnCreation,
        parameters::InOrganization,
        post::Post,
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
    post: Post<WholeOrganization<ProjectsWrite>>,
) -> Result<Response, Failure> {
    let new = NewProject::read(post.json()?)?;
    let WholeOrganization(access) = &post.access;
    let (organization, acting) = (access.organization(), access.acting());
    let remember = post.remember(&api, view::created);
    let created = api.organizations.create_project(organization, new, acting, remember).await;
    let answer = created.map_err(Failure::of_project).and_then(|project| view::created(&project));
    post.settle(&api, answer).await
}
