//! `GET /orgs/{orgId}/keys`

use axum::{extract::State, response::Response};
use integrations_core::wire::ApiKeyList;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{KeysRead, OrganizationAccess},
        failures::OnOrganization,
        parameters::InOrganization,
        state::Api,
    },
};

/// List an organization's API keys
///
/// Returns the records of all keys, revoked ones included, oldest first, with when each was last used. The keys
/// themselves cannot be shown again. A key that is bound to projects gets those alone that are bound to some of these.
#[utoipa::path(
    get,
    path = "/api/v1/orgs/{orgId}/keys",
    operation_id = "listApiKeys",
    tag = "API keys",
    params(InOrganization),
    security(("api_key" = ["keys:read"]), ("bearer" = ["keys:read"])),
    responses(
        (status = 200, description = "The organization's API keys", body = ApiKeyList,
         example = json!({"data": [crate::http::examples::api_key()]})),
        OnOrganization,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: OrganizationAccess<KeysRead>,
) -> Result<Response, Failure> {
    let keys = api.keys.list(access.organization(), &access.caller.rights.reach).await?;
    respond(&ApiKeyList { data: keys.into_iter().map(view::key).collect() })
}
