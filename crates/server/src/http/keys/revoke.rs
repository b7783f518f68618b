//! `DELETE /orgs/{orgId}/keys/{keyId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::ApiKeyResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{KeysAdmin, OrganizationAccess},
        failures::OnKey,
        parameters::{InOrganization, OfKey},
        state::Api,
    },
};

/// Revoke an API key
///
/// It stops working within a second, for ever. Repeating it is not an error.
#[utoipa::path(
    delete,
    path = "/api/v1/orgs/{orgId}/keys/{keyId}",
    operation_id = "revokeApiKey",
    tag = "API keys",
    params(InOrganization, OfKey),
    security(("api_key" = ["keys:admin"]), ("bearer" = ["keys:admin"])),
    responses(
        (status = 200, description = "The revoked key's record", body = ApiKeyResponse,
         example = json!({"data": crate::http::examples::revoked_api_key()})),
        OnKey,
    ),
)]
pub(super) async fn revoke(
    State(api): State<Api>,
    access: OrganizationAccess<KeysAdmin>,
) -> Result<Response, Failure> {
    let revoked = api.keys.revoke(access.organization(), access.key()?, access.acting()).await;
    view::respond_key(revoked.map_err(Failure::of_key)?)
}
