//! `PATCH /projects/{projectId}/webhooks/{webhookId}`

use axum::{extract::State, response::Response};
use integrations_core::{
    webhook::WebhookUpdate,
    wire::{UpdateWebhook, WebhookResponse},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        answer::respond,
        auth::{Access, WebhooksWrite},
        failures::OnWebhookUpdate,
        parameters::{InProject, OfWebhook},
        state::Api,
    },
};

/// Change a webhook
///
/// Changes its address, its events or its status. What happens while it is disabled waits. Switching it on sends that,
/// in order, or drops it with `"waiting": "drop"`.
#[utoipa::path(
    patch,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}",
    operation_id = "updateWebhook",
    tag = "Webhooks",
    params(InProject, OfWebhook),
    request_body(content = UpdateWebhook, example = json!({"status": "active"})),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 200, description = "The webhook after the change", body = WebhookResponse,
         example = json!({"data": crate::http::examples::webhook()})),
        OnWebhookUpdate,
    ),
)]
pub(super) async fn update(
    State(api): State<Api>,
    access: Access<WebhooksWrite>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let id = access.webhook(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    let update = WebhookUpdate::read(&body)?;
    let updated = api.webhooks.update(&access.tenant, id, update, access.acting()).await;
    respond(&WebhookResponse { data: view::webhook(updated.map_err(Failure::of_webhook)?) })
}
