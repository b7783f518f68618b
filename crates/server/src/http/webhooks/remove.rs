//! `DELETE /projects/{projectId}/webhooks/{webhookId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::WebhookResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, WebhooksWrite},
        failures::OnWebhookEnd,
        parameters::{InProject, OfWebhook},
        state::Api,
    },
};

/// Delete a webhook
///
/// Deletes it with its secrets and everything that was sent or waits to be. Returns what it was.
#[utoipa::path(
    delete,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}",
    operation_id = "deleteWebhook",
    tag = "Webhooks",
    params(InProject, OfWebhook),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 200, description = "The webhook as it was", body = WebhookResponse,
         example = json!({"data": crate::http::examples::webhook()})),
        OnWebhookEnd,
    ),
)]
pub(super) async fn remove(
    State(api): State<Api>,
    access: Access<WebhooksWrite>,
) -> Result<Response, Failure> {
    let id = access.webhook(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    let deleted = api.webhooks.delete(&access.tenant, id, access.acting()).await;
    respond(&WebhookResponse { data: view::webhook(deleted.map_err(Failure::of_webhook)?) })
}
