//! `GET /projects/{projectId}/integrations/{provider}/events/{eventId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::ProviderEventResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnEvents,
        parameters::{InProject, OfProvider, OfProviderEvent},
        state::Api,
    },
    services::provider_events::EventsError,
};

/// Show an event of an integration
///
/// Returns the event with its body, exactly as the provider wrote it.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/events/{eventId}",
    operation_id = "getProviderEvent",
    tag = "Provider events",
    params(InProject, OfProvider, OfProviderEvent),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The event", body = ProviderEventResponse,
         example = json!({"data": crate::http::examples::provider_event_details()})),
        OnEvents,
    ),
)]
pub(super) async fn show(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let Some(id) = access.named().and_then(|text| text.parse().ok()) else {
        api.organizations.admit(&access.tenant).await?;
        return Err(EventsError::NoSuchEvent.into());
    };
    let (row, body) = api.provider_events.event(&access.tenant, &account, id).await?;
    respond(&ProviderEventResponse { data: view::details(row, body.as_ref())? })
}
