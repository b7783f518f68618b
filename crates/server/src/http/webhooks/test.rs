//! `POST /projects/{projectId}/webhooks/{webhookId}/test`

use axum::{extract::State, response::Response};
use integrations_core::wire::WebhookTestResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::Answer,
        auth::{Access, WebhooksWrite},
        failures::OnWebhookTest,
        parameters::{InProject, OfWebhook},
        post::{Post, Sent},
        state::Api,
    },
    services::webhooks::TestError,
};

/// Test a webhook
///
/// Sends the event `webhook.test` at once, and says what came of it. It is sent once, also to a disabled webhook, and
/// counts neither as a success nor as a failure.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}/test",
    operation_id = "testWebhook",
    tag = "Webhooks",
    params(InProject, OfWebhook),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 200, description = "What came of it", body = WebhookTestResponse,
         example = json!({"data": crate::http::examples::webhook_test()})),
        OnWebhookTest,
    ),
)]
pub(super) async fn test(
    State(api): State<Api>,
    post: Post<Access<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let (id, tenant) = (post.access.webhook(&api).await?, post.access.tenant);
    let webhooks = api.webhooks.clone();
    let testing = async move {
        let attempted = webhooks.test(&tenant, id).await.map_err(|error| match error {
            TestError::Read(error) => error.into(),
            TestError::NotFound => Failure::no_such_webhook(),
            TestError::Message(error) => Failure::internal(&error),
        })?;
        Ok(Sent::Made(Answer::ok(&WebhookTestResponse { data: view::tested(&attempted) })?))
    };
    post.send(&api, testing).await
}
