//! `POST /orgs/{orgId}/keys/{keyId}/rotate`

use axum::{extract::State, response::Response};
use integrations_core::{
    key_request::Rotation,
    wire::{NewApiKeyResponse, RotateApiKey},
};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{KeysAdmin, OrganizationAccess},
        failures::OnKeyRotation,
        parameters::{InOrganization, OfKey},
        post::Post,
        state::Api,
    },
};

/// Rotate an API key
///
/// Makes a new key with the same name, rights, tier and end, and ends the old one: at once, or after the overlap that
/// is asked for. The new key itself is in this answer alone. Nobody rotates a key that may do more than they may.
#[utoipa::path(
    post,
    path = "/api/v1/orgs/{orgId}/keys/{keyId}/rotate",
    operation_id = "rotateApiKey",
    tag = "API keys",
    params(InOrganization, OfKey),
    request_body(content = RotateApiKey, example = json!({"overlap_seconds": 3600})),
    security(("api_key" = ["keys:admin"]), ("bearer" = ["keys:admin"])),
    responses(
        (status = 201, description = "The new key", body = NewApiKeyResponse,
         example = json!({"data": crate::http::examples::new_api_key()})),
        OnKeyRotation,
    ),
)]
pub(super) async fn rotate(
    State(api): State<Api>,
    post: Post<OrganizationAccess<KeysAdmin>>,
) -> Result<Response, Failure> {
    let rotation = Rotation::read(post.json()?)?;
    let (access, id) = (&post.access, post.access.key()?);
    let remember = post.remember(&api, view::repeated);
    let issued = api.keys.rotate(access.organization(), id, rotation, access.acting(), remember).await;
    post.settle(&api, issued.map_err(Failure::of_key).and_then(view::issued)).await
}
