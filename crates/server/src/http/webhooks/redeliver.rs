//! `POST /projects/{projectId}/webhooks/{webhookId}/redeliver` and `…/deliveries/{deliveryId}/redeliver`

use axum::{extract::State, response::Response};
use integrations_core::{
    webhook::Redelivery,
    wire::{RedeliverWebhook, RedeliveredWebhook, RedeliveredWebhookResponse},
};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::Answer,
        auth::{Access, WebhooksWrite},
        failures::{OnWebhookCommand, OnWebhookEnd},
        parameters::{InProject, OfDelivery, OfWebhook},
        post::Post,
        state::Api,
    },
    store::Again,
};

/// Send a message again
///
/// Sends it again with the same id and the same bytes, also if it was delivered, and with the header
/// `X-RogerIQ-Redelivery: true`. A later event may have been delivered meanwhile: `sequence` tells.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
    operation_id = "redeliverWebhookDelivery",
    tag = "Webhooks",
    params(InProject, OfWebhook, OfDelivery),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 200, description = "How many messages are sent again: none if it waits to be sent anyway",
         body = RedeliveredWebhookResponse, example = json!({"data": {"redelivered": 1}})),
        OnWebhookEnd,
    ),
)]
pub(super) async fn one(
    State(api): State<Api>,
    post: Post<Access<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let delivery = post.access.named().and_then(|text| text.parse().ok());
    let Some(delivery) = delivery else {
        api.organizations.admit(&post.access.tenant).await?;
        return Err(view::no_such_delivery());
    };
    redeliver(&api, &post, Again::One(delivery)).await
}

/// Send what a webhook missed
///
/// Sends again what was given up or dropped of events since a moment, oldest first, at most 10,000 messages.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}/redeliver",
    operation_id = "redeliverWebhook",
    tag = "Webhooks",
    params(InProject, OfWebhook),
    request_body(content = RedeliverWebhook, example = json!({"since": "2026-05-17T12:00:00Z"})),
    security(("api_key" = ["webhooks:write"]), ("bearer" = ["webhooks:write"])),
    responses(
        (status = 200, description = "How many messages are sent again", body = RedeliveredWebhookResponse,
         example = json!({"data": {"redelivered": 12}})),
        OnWebhookCommand,
    ),
)]
pub(super) async fn since(
    State(api): State<Api>,
    post: Post<Access<WebhooksWrite>>,
) -> Result<Response, Failure> {
    api.organizations.admit(&post.access.tenant).await?;
    let Redelivery { since } = Redelivery::read(post.json()?)?;
    redeliver(&api, &post, Again::Since(since)).await
}

async fn redeliver(api: &Api, post: &Post<Access<WebhooksWrite>>, again: Again) -> Result<Response, Failure> {
    let access = &post.access;
    let id = access.webhook(api).await?;
    api.organizations.admit(&access.tenant).await?;
    let answer = |count: &u64| {
        Answer::ok(&RedeliveredWebhookResponse { data: RedeliveredWebhook { redelivered: *count } })
    };
    let remember = post.remember(api, answer);
    let sent =
        api.webhooks.redeliver(&access.tenant, id, again, access.acting(), |count| remember(&count)).await;
    let sent = sent.map_err(|error| match (error, again) {
        (crate::store::OwnedError::NotFound, Again::One(_)) => view::no_such_delivery(),
        (error, _) => Failure::of_webhook(error),
    });
    post.settle(api, sent.and_then(|count| answer(&count))).await
}
