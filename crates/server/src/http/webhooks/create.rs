//! `POST /projects/{projectId}/webhooks`

use axum::{extract::State, response::Response};
use integrations_core::{
    webhook::NewWebhook,
    wire::{CreateWebhook, NewWebhookResponse},
};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{Access, WebhooksWrite},
        failures::OnNewWebhook,
        parameters::InProject,
        post::Post,
        state::Api,
    },
};

/// Create a webhook
///
/// From now on its address is told the events that it asks for, each at least once, in order for one integration. The
/// secret that messages are signed with is in this answer alone.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/webhooks",
    operation_id = "createWebhook",
    tag = "Webhooks",
    params(InProject),
    request_body(content = CreateWebhook,
        example = json!({"url": "https://app.example/hooks/riq", "events": ["integration.*"]})),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 201, description = "The new webhook", body = NewWebhookResponse,
         example = json!({"data": crate::http::examples::new_webhook()})),
        OnNewWebhook,
    ),
)]
pub(super) async fn create(
    State(api): State<Api>,
    post: Post<Access<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let access = &post.access;
    api.organizations.admit(&access.tenant).await?;
    let new = NewWebhook::read(post.json()?)?;
    let remember =
        post.remember(&api, |record: &crate::store::WebhookRecord| view::issued(record.clone(), None));
    let issued = api.webhooks.create(&access.tenant, new, access.acting(), remember).await;
    let answer =
        issued.map_err(Failure::of_webhook).and_then(|new| view::issued(new.record, Some(&new.secret)));
    post.settle(&api, answer).await
}
