//! `…/projects/{projectId}/integrations/{provider}/event-source`

use axum::{extract::State, response::Response};
use integrations_core::{
    inbound::EnteredSecret,
    scope::RequiredScope,
    wire::{EventSourceResponse, SetEventSecret},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead, IntegrationsWrite},
        failures::{OnEventSecret, OnEvents},
        parameters::{InProject, OfProvider},
        state::Api,
    },
    services::provider_events::AddressFor,
};

/// Show where an integration's events are sent to
///
/// Returns the address, what to do with it at the provider, whether there is a secret to verify events with, and what
/// was refused. The address itself is shown only with `integrations:write`, because whoever has it can send there. For
/// a provider with one address for each OAuth app, the app's owner finds it with the app.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/event-source",
    operation_id = "getEventSource",
    tag = "Provider events",
    params(InProject, OfProvider),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The address", body = EventSourceResponse,
         example = json!({"data": crate::http::examples::event_source()})),
        OnEvents,
    ),
)]
pub(super) async fn show(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let is_url_shown = access.caller.rights.cover(RequiredScope::INTEGRATIONS_WRITE);
    let of = AddressFor::Integration(&access.tenant, &account);
    let address = api.provider_events.address(of, is_url_shown).await?;
    respond(&EventSourceResponse { data: view::source(&address)? })
}

/// Set the secret that an integration's events are verified with
///
/// The secret before stops at once, or counts too during the overlap that is asked for. What was pasted along with the
/// secret is taken off, and a known mistake is refused in words.
#[utoipa::path(
    put,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/event-source/secret",
    operation_id = "setEventSecret",
    tag = "Provider events",
    params(InProject, OfProvider),
    request_body(content = SetEventSecret, example = json!({"secret": "8f742231b10e8888abcd99yyyzzz85a5", "overlap_seconds": 86400})),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The address after the change", body = EventSourceResponse,
         example = json!({"data": crate::http::examples::event_source()})),
        OnEventSecret,
    ),
)]
pub(super) async fn set_secret(
    State(api): State<Api>,
    access: Access<IntegrationsWrite>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    let EnteredSecret { secret, overlap } = EnteredSecret::read(&body)?;
    let of = AddressFor::Integration(&access.tenant, &account);
    api.provider_events.set_secret(of, &secret, overlap, access.acting()).await?;
    respond(&EventSourceResponse { data: view::source(&api.provider_events.address(of, true).await?)? })
}
