//! `POST /projects/{projectId}/webhooks/{webhookId}/rotate-secret`

use axum::{extract::State, response::Response};
use integrations_core::{
    webhook::SecretRotation,
    wire::{RotateWebhookSecret, WebhookSecret, WebhookSecretResponse},
};

use crate::{
    edge::failure::Failure,
    http::{
        answer::Answer,
        auth::{Access, WebhooksWrite},
        failures::OnWebhookCommand,
        parameters::{InProject, OfWebhook},
        post::Post,
        state::Api,
    },
};

/// Rotate a webhook's secret
///
/// The old secret stops at once, or signs too during the overlap that is asked for. The new one is in this answer
/// alone. During an overlap, `X-RogerIQ-Signature` is made with the old secret, and `webhook-signature` has one
/// signature of each.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}/rotate-secret",
    operation_id = "rotateWebhookSecret",
    tag = "Webhooks",
    params(InProject, OfWebhook),
    request_body(content = RotateWebhookSecret, example = json!({"overlap_seconds": 3600})),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 200, description = "The new secret", body = WebhookSecretResponse,
         example = json!({"data": crate::http::examples::webhook_secret()})),
        OnWebhookCommand,
    ),
)]
pub(super) async fn rotate_secret(
    State(api): State<Api>,
    post: Post<Access<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let access = &post.access;
    let id = access.webhook(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    let rotation = SecretRotation::read(post.json()?)?;
    let old_secret_until = (!rotation.overlap.is_zero()).then(|| api.environment.now() + rotation.overlap);
    let answer =
        |secret| Answer::ok(&WebhookSecretResponse { data: WebhookSecret { secret, old_secret_until } });
    let remembered = post.remembered(&api, &answer(None)?)?;
    let rotated = api.webhooks.rotate(&access.tenant, id, rotation, access.acting(), remembered).await;
    let rotated =
        rotated.map_err(Failure::of_webhook).and_then(|secret| answer(Some(secret.expose().to_owned())));
    post.settle(&api, rotated).await
}
