//! `POST /orgs/{orgId}/keys/{keyId}/rotate`

use axum::{extract::State, response::Response};
use integrations_core::{
    key_request::Rotation,
    wire::{NewApiKeyResponse, RotateApiKey},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        auth::{KeysAdmin, OrganizationAccess},
        failures::OnKeyRotation,
        parameters::{InOrganization, OfKey},
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
    access: OrganizationAccess<KeysAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let rotation = Rotation::read(&body)?;
    let issued = api.keys.rotate(access.organization(), access.key()?, rotation, access.acting()).await;
    let issued = issued.map_err(view::refused)?;
    api.api_keys.report_changes();
    view::respond_new(issued)
}
