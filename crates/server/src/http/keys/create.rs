//! `POST /orgs/{orgId}/keys`

use axum::{extract::State, response::Response};
use integrations_core::{
    key_request::NewKey,
    wire::{CreateApiKey, NewApiKeyResponse},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        auth::{KeysAdmin, OrganizationAccess},
        failures::OnCreation,
        parameters::InOrganization,
        state::Api,
    },
};

/// Create an API key
///
/// The key itself is in this answer alone. It never grants more than the key that makes it: scopes, projects, tier and
/// life. If that key expires, the new one expires with it at the latest.
#[utoipa::path(
    post,
    path = "/api/v1/orgs/{orgId}/keys",
    operation_id = "createApiKey",
    tag = "API keys",
    params(InOrganization),
    request_body(content = CreateApiKey, example = json!({"name": "Help desk", "scopes": ["read", "integrations:write"]})),
    security(("api_key" = ["keys:admin"]), ("bearer" = ["keys:admin"])),
    responses(
        (status = 201, description = "The new key", body = NewApiKeyResponse,
         example = json!({"data": crate::http::examples::new_api_key()})),
        OnCreation,
    ),
)]
pub(super) async fn create(
    State(api): State<Api>,
    access: OrganizationAccess<KeysAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let new = NewKey::read(&body)?;
    view::check_end(&api, new.expires_at)?;
    let tier = new.tier.unwrap_or(access.caller.tier);
    let issued = api.keys.create(access.organization(), new, tier, access.acting()).await;
    view::respond_new(issued.map_err(view::refused)?)
}
