//! `PATCH /orgs/{orgId}/projects/{projectId}`

use axum::{extract::State, response::Response};
use integrations_core::{
    project::ProjectUpdate,
    wire::{ProjectResponse, UpdateProject},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        auth::{OrganizationAccess, ProjectsWrite},
        failures::OnProjectUpdate,
        parameters::{InOrganization, InProject},
        state::Api,
    },
};

/// Change a project, or bring it back
///
/// `archived: false` brings an archived project back, with its integrations as they were. That is possible for 30 days.
/// `branding` is how the pages that your customers see present themselves. `return_origins` are the origins of your
/// product's pages: an install URL sends people back to them alone.
#[utoipa::path(
    patch,
    path = "/api/v1/orgs/{orgId}/projects/{projectId}",
    operation_id = "updateProject",
    tag = "Projects",
    params(InOrganization, InProject),
    request_body(content = UpdateProject, example = json!({"name": "Acme Support"})),
    security(("api_key" = ["projects:write"]), ("bearer" = ["projects:write"])),
    responses(
        (status = 200, description = "The project after the change", body = ProjectResponse,
         example = json!({"data": crate::http::examples::project()})),
        OnProjectUpdate,
    ),
)]
pub(super) async fn update(
    State(api): State<Api>,
    access: OrganizationAccess<ProjectsWrite>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let (organization, id) = (access.organization(), access.project()?);
    api.organizations.project(organization, &access.caller.rights.reach, id).await?;
    let update = ProjectUpdate::read(&body)?;
    api.settings.brands.check(&update).map_err(|issue| Failure::invalid("Invalid body", vec![issue]))?;
    let updated = api.organizations.update_project(organization, id, update, &access.acting()).await;
    view::respond_project(updated.map_err(Failure::of_project)?)
}
