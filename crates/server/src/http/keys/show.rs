//! `GET /orgs/{orgId}/keys/{keyId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::ApiKeyResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{KeysRead, OrganizationAccess},
        failures::OnKey,
        parameters::{InOrganization, OfKey},
        state::Api,
    },
};

/// Get an API key's record
///
/// The key itself cannot be shown again.
#[utoipa::path(
    get,
    path = "/api/v1/orgs/{orgId}/keys/{keyId}",
    operation_id = "getApiKey",
    tag = "API keys",
    params(InOrganization, OfKey),
    security(("api_key" = ["keys:read"]), ("bearer" = ["keys:read"])),
    responses(
        (status = 200, description = "The key's record", body = ApiKeyResponse,
         example = json!({"data": crate::http::examples::api_key()})),
        OnKey,
    ),
)]
pub(super) async fn show(
    State(api): State<Api>,
    access: OrganizationAccess<KeysRead>,
) -> Result<Response, Failure> {
    let (organization, reach) = (access.organization(), &access.caller.rights.reach);
    let key = api.keys.get(organization, reach, access.key()?).await;
    view::respond_key(key.map_err(Failure::of_key)?)
}
