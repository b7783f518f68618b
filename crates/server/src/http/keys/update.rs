//! `PATCH /orgs/{orgId}/keys/{keyId}`

use axum::{extract::State, response::Response};
use integrations_core::{
    key_request::KeyUpdate,
    wire::{ApiKeyResponse, UpdateApiKey},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        auth::{KeysAdmin, OrganizationAccess},
        failures::OnKeyUpdate,
        parameters::{InOrganization, OfKey},
        state::Api,
    },
};

/// Change an API key
///
/// Changes its name, scopes, projects, tier or end; the new rights hold within a second. After the change it must not
/// grant more than the key that changes it.
#[utoipa::path(
    patch,
    path = "/api/v1/orgs/{orgId}/keys/{keyId}",
    operation_id = "updateApiKey",
    tag = "API keys",
    params(InOrganization, OfKey),
    request_body(content = UpdateApiKey, example = json!({"project_ids": ["prj_01jc3q5v6w7x8y9zabcdefghjk"]})),
    security(("api_key" = ["keys:admin"]), ("bearer" = ["keys:admin"])),
    responses(
        (status = 200, description = "The key's record after the change", body = ApiKeyResponse,
         example = json!({"data": crate::http::examples::api_key()})),
        OnKeyUpdate,
    ),
)]
pub(super) async fn update(
    State(api): State<Api>,
    access: OrganizationAccess<KeysAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let (organization, id) = (access.organization(), access.key()?);
    let update = KeyUpdate::read(&body)?;
    view::check_end(&api, update.expires_at.flatten())?;
    let updated = api.keys.update(organization, id, update, access.acting()).await;
    view::respond_key(updated.map_err(Failure::of_key)?)
}
