//! `GET /projects/{projectId}/integrations`

use axum::{extract::State, response::Response};

use integrations_core::wire::IntegrationList;

use super::view;
use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnProject,
        parameters::InProject,
    },
};

/// List a project's integrations
///
/// Returns every integration that was ever installed in the project, including disconnected ones, sorted by the
/// providers' keys, then by the aliases of further accounts.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations",
    operation_id = "listIntegrations",
    tag = "Integrations",
    params(InProject),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The project's integrations", body = IntegrationList,
         example = json!({"data": [crate::http::examples::integration()]})),
        OnProject,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
) -> Result<Response, Failure> {
    let rows = api.integrations.list(&access.tenant).await?;
    let data = rows.into_iter().map(view::integration).collect::<Result<_, _>>();
    respond(&IntegrationList { data: data.map_err(|error| Failure::internal(&error))? })
}
