//! `GET /projects/{projectId}/webhooks`

use axum::{extract::State, response::Response};
use integrations_core::wire::WebhookList;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, WebhooksRead},
        failures::OnProject,
        parameters::InProject,
        state::Api,
    },
};

/// List a project's webhooks
///
/// Returns all of them, oldest first. Their secrets cannot be shown again.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/webhooks",
    operation_id = "listWebhooks",
    tag = "Webhooks",
    params(InProject),
    security(("api_key" = ["webhooks:read"]), ("bearer" = ["webhooks:read"])),
    responses(
        (status = 200, description = "The project's webhooks", body = WebhookList,
         example = json!({"data": [crate::http::examples::webhook()]})),
        OnProject,
    ),
)]
pub(super) async fn list(State(api): State<Api>, access: Access<WebhooksRead>) -> Result<Response, Failure> {
    let webhooks = api.webhooks.list(&access.tenant).await?;
    respond(&WebhookList { data: webhooks.into_iter().map(view::webhook).collect() })
}
