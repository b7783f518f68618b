//! `GET /projects/{projectId}/webhooks/{webhookId}/deliveries/{deliveryId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::WebhookDeliveryResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, WebhooksRead},
        failures::OnWebhook,
        parameters::{InProject, OfDelivery, OfWebhook},
        state::Api,
    },
};

/// Show a delivery
///
/// Returns the message as it is sent, and every attempt with the start of the receiver's answer.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}/deliveries/{deliveryId}",
    operation_id = "getWebhookDelivery",
    tag = "Webhooks",
    params(InProject, OfWebhook, OfDelivery),
    security(("api_key" = ["webhooks:read"]), ("bearer" = ["webhooks:read"])),
    responses(
        (status = 200, description = "The delivery", body = WebhookDeliveryResponse,
         example = json!({"data": crate::http::examples::webhook_delivery_details()})),
        OnWebhook,
    ),
)]
pub(super) async fn delivery(
    State(api): State<Api>,
    access: Access<WebhooksRead>,
) -> Result<Response, Failure> {
    let id = access.webhook(&api).await?;
    let Some(delivery) = access.named().and_then(|text| text.parse().ok()) else {
        api.organizations.admit(&access.tenant).await?;
        return Err(view::no_such_delivery());
    };
    let details = api.webhooks.delivery(&access.tenant, id, delivery).await?;
    respond(&WebhookDeliveryResponse { data: view::details(details.ok_or_else(view::no_such_delivery)?) })
}
