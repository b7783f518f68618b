//! `…/oauth-apps/{provider}/event-source`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use integrations_core::{
    audit::Acting,
    catalog::Provider,
    inbound::EnteredSecret,
    rights::Rights,
    scope::RequiredScope,
    wire::{EventSourceResponse, SetEventSecret},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        answer::respond,
        auth::{Access, OauthAppsAdmin, OauthAppsRead, WholeOrganization},
        failures::{OnAppEventSecret, OnAppEvents, OnOrganizationAppEventSecret, OnOrganizationAppEvents},
        parameters::{InOrganization, InProject, OfProvider},
        state::Api,
    },
    services::provider_events::AddressFor,
    store::AppsOf,
};

/// Show where the events of an organization's OAuth app are sent to
///
/// For a provider with one address for each app. Returns the address, what to do with it at the provider, whether there
/// is a secret to verify events with, and what was refused. The address itself is shown only with `oauth_apps:admin`,
/// because whoever has it can send there.
#[utoipa::path(
    get,
    path = "/api/v1/orgs/{orgId}/oauth-apps/{provider}/event-source",
    operation_id = "getOrganizationAppEventSource",
    tag = "Provider events",
    params(InOrganization, OfProvider),
    security(("api_key" = ["oauth_apps:read"]), ("bearer" = ["oauth_apps:read"])),
    responses(
        (status = 200, description = "The address", body = EventSourceResponse,
         example = json!({"data": crate::http::examples::event_source()})),
        OnOrganizationAppEvents,
    ),
)]
pub(super) async fn of_organization(
    State(api): State<Api>,
    WholeOrganization(access): WholeOrganization<OauthAppsRead>,
) -> Result<Response, Failure> {
    let (of, provider) = (AppsOf::Organization(access.organization()), access.provider(&api)?);
    show(&api, of, &provider, &access.caller.rights).await
}

/// Set the secret that the events of an organization's OAuth app are verified with
///
/// The secret before stops at once, or counts too during the overlap that is asked for. Some providers verify with the
/// app's client secret: then there is nothing to set.
#[utoipa::path(
    put,
    path = "/api/v1/orgs/{orgId}/oauth-apps/{provider}/event-source/secret",
    operation_id = "setOrganizationAppEventSecret",
    tag = "Provider events",
    params(InOrganization, OfProvider),
    request_body(content = SetEventSecret, example = json!({"secret": "8f742231b10e8888abcd99yyyzzz85a5", "overlap_seconds": 86400})),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "The address after the change", body = EventSourceResponse,
         example = json!({"data": crate::http::examples::event_source()})),
        OnOrganizationAppEventSecret,
    ),
)]
pub(super) async fn set_of_organization(
    State(api): State<Api>,
    WholeOrganization(access): WholeOrganization<OauthAppsAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let (of, provider) = (AppsOf::Organization(access.organization()), access.provider(&api)?);
    set(&api, of, &provider, &body, access.acting()).await
}

/// Show where the events of a project's OAuth app are sent to
///
/// For a provider with one address for each app. Returns the address, what to do with it at the provider, whether there
/// is a secret to verify events with, and what was refused. The address itself is shown only with `oauth_apps:admin`,
/// because whoever has it can send there.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/oauth-apps/{provider}/event-source",
    operation_id = "getProjectAppEventSource",
    tag = "Provider events",
    params(InProject, OfProvider),
    security(("api_key" = ["oauth_apps:read"]), ("bearer" = ["oauth_apps:read"])),
    responses(
        (status = 200, description = "The address", body = EventSourceResponse,
         example = json!({"data": crate::http::examples::event_source()})),
        OnAppEvents,
    ),
)]
pub(super) async fn of_project(
    State(api): State<Api>,
    access: Access<OauthAppsRead>,
) -> Result<Response, Failure> {
    let (of, provider) = (AppsOf::Project(access.tenant), access.provider(&api).await?);
    api.organizations.admit(&access.tenant).await?;
    show(&api, of, &provider, &access.caller.rights).await
}

/// Set the secret that the events of a project's OAuth app are verified with
///
/// The secret before stops at once, or counts too during the overlap that is asked for. Some providers verify with the
/// app's client secret: then there is nothing to set.
#[utoipa::path(
    put,
    path = "/api/v1/projects/{projectId}/oauth-apps/{provider}/event-source/secret",
    operation_id = "setProjectAppEventSecret",
    tag = "Provider events",
    params(InProject, OfProvider),
    request_body(content = SetEventSecret, example = json!({"secret": "8f742231b10e8888abcd99yyyzzz85a5", "overlap_seconds": 86400})),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "The address after the change", body = EventSourceResponse,
         example = json!({"data": crate::http::examples::event_source()})),
        OnAppEventSecret,
    ),
)]
pub(super) async fn set_of_project(
    State(api): State<Api>,
    access: Access<OauthAppsAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let (of, provider) = (AppsOf::Project(access.tenant), access.provider(&api).await?);
    api.organizations.admit(&access.tenant).await?;
    set(&api, of, &provider, &body, access.acting()).await
}

async fn show(api: &Api, of: AppsOf, provider: &Arc<Provider>, rights: &Rights) -> Result<Response, Failure> {
    let is_url_shown = rights.cover(RequiredScope::OAUTH_APPS_ADMIN);
    let address = api.provider_events.address(AddressFor::App(of, provider), is_url_shown).await?;
    respond(&EventSourceResponse { data: view::source(&address)? })
}

async fn set(
    api: &Api,
    of: AppsOf,
    provider: &Arc<Provider>,
    body: &[u8],
    acting: Acting,
) -> Result<Response, Failure> {
    let EnteredSecret { secret, overlap } = EnteredSecret::read(body)?;
    let of = AddressFor::App(of, provider);
    api.provider_events.set_secret(of, &secret, overlap, acting).await?;
    respond(&EventSourceResponse { data: view::source(&api.provider_events.address(of, true).await?)? })
}
