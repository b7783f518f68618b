//! `GET /projects/{projectId}/webhooks/{webhookId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::WebhookResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, WebhooksRead},
        failures::OnWebhook,
        parameters::{InProject, OfWebhook},
        state::Api,
    },
};

/// Show a webhook
///
/// Returns one webhook. Its secret cannot be shown again.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}",
    operation_id = "getWebhook",
    tag = "Webhooks",
    params(InProject, OfWebhook),
    security(("api_key" = ["webhooks:read"]), ("bearer" = ["webhooks:read"])),
    responses(
        (status = 200, description = "The webhook", body = WebhookResponse,
         example = json!({"data": crate::http::examples::webhook()})),
        OnWebhook,
    ),
)]
pub(super) async fn show(State(api): State<Api>, access: Access<WebhooksRead>) -> Result<Response, Failure> {
    let id = access.webhook(&api).await?;
    let record = api.webhooks.get(&access.tenant, id).await?.ok_or_else(Failure::no_such_webhook)?;
    respond(&WebhookResponse { data: view::webhook(record) })
}
