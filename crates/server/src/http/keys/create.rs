//! `POST /orgs/{orgId}/keys`

use axum::{extract::State, response::Response};
use integrations_core::{
    key_request::NewKey,
    wire::{CreateApiKey, NewApiKeyResponse},
};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{KeysAdmin, OrganizationAccess},
        failures::OnCreation,
        parameters::InOrganization,
        post::Post,
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
    post: Post<OrganizationAccess<KeysAdmin>>,
) -> Result<Response, Failure> {
    let new = NewKey::read(post.json()?)?;
    view::check_end(&api, new.expires_at)?;
    let access = &post.access;
    let tier = new.tier.unwrap_or(access.caller.tier);
    let remember = post.remember(&api, view::repeated);
    let issued = api.keys.create(access.organization(), new, tier, access.acting(), remember).await;
    post.settle(&api, issued.map_err(Failure::of_key).and_then(view::issued)).await
}
