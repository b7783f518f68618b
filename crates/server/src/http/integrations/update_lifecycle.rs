//! `PATCH /projects/{projectId}/integrations/{provider}/lifecycle`

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{changed, view::IntegrationView};
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::state::Api,
    http::{
        answer::Data,
        auth::{Access, IntegrationsWrite},
        failures::OnChange,
    },
    precondition::IfMatch,
};

/// What to change; at least one field.
#[derive(Debug, ToSchema)]
#[schema(as = LifecycleUpdate)]
#[expect(
    dead_code,
    reason = "describes integrations_core::integration::LifecycleUpdate to the specification"
)]
pub(super) struct LifecycleUpdateBody {
    /// `active`, `paused` or `disconnected`.
    #[schema(nullable = false, value_type = Option<RequestedStatusView>, example = "paused")]
    status: Option<RequestedStatusView>,
    /// Overrides the catalog's name; null takes the override away.
    #[schema(max_length = 100, example = "Acme Store")]
    display_name: Option<String>,
    /// Shows this integration's panel in the inbox sidebar.
    #[schema(nullable = false)]
    sidebar_enabled: Option<bool>,
    /// Merged into the stored settings (RFC 7396: null removes a key).
    #[schema(nullable = false, value_type = Object, required = false)]
    settings: Option<String>,
    /// Merged by key: action key → whether the agent may perform it.
    #[schema(nullable = false)]
    action_permissions: Option<BTreeMap<String, bool>>,
}

/// The statuses that a client may ask for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestedStatus)]
#[serde(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "describes integrations_core::integration::RequestedStatus to the specification"
)]
enum RequestedStatusView {
    /// Put to use.
    Active,
    /// Put on hold.
    Paused,
    /// Take off.
    Disconnected,
}

/// Change an integration's lifecycle
///
/// Status, display name, sidebar, settings and action permissions, in one step: everything or nothing. A change
/// that is not allowed from the present status is a 409. Setting `disconnected` has every effect of DELETE. What
/// changes nothing succeeds and records nothing. With `If-Match`, only where the stored version is the named one.
#[utoipa::path(
    patch,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/lifecycle",
    operation_id = "updateIntegrationLifecycle",
    tag = "Integrations",
    params(
        ("projectId" = String, Path, description = "The project's id, `prj_…`", example = "prj_01jc3q5v6w7x8y9zabcdefghjk"),
        ("provider" = String, Path, description = "The provider's key", example = "slack"),
        ("If-Match" = Option<String>, Header, description = "The entity tag that must be the stored one",
         example = "\"v3\""),
    ),
    request_body(content = LifecycleUpdateBody, example = json!(crate::http::examples::lifecycle_update())),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The integration as it is now", body = Data<IntegrationView>,
         headers(("ETag" = String, description = "The entity tag of this version")),
         example = json!({"data": crate::http::examples::integration()})),
        OnChange,
    ),
)]
pub(super) async fn update_lifecycle(
    State(api): State<Api>,
    access: Access<IntegrationsWrite>,
    condition: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let provider = access.provider(&api).await?;
    let changed =
        api.integrations.update(&access.tenant, &provider, &body, &condition, &access.acting()).await;
    changed::respond(changed, &provider, false)
}
