//! `PUT …/oauth-apps/{provider}`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use integrations_core::{
    audit::Acting,
    catalog::Provider,
    oauth_app::NewOAuthApp,
    wire::{OAuthAppResponse, SetOAuthApp},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        auth::{Access, OauthAppsAdmin, WholeOrganization},
        failures::{OnOrganizationApp, OnProjectApp},
        parameters::{InOrganization, InProject, OfProvider},
        state::Api,
    },
    store::AppsOf,
};

/// Set the OAuth app of an organization
///
/// It replaces an earlier one. The scopes may be narrower or wider than the provider's usual ones; what is installed
/// already keeps what was granted.
#[utoipa::path(
    put,
    path = "/api/v1/orgs/{orgId}/oauth-apps/{provider}",
    operation_id = "setOrganizationOauthApp",
    tag = "OAuth apps",
    params(InOrganization, OfProvider),
    request_body(content = SetOAuthApp, example = json!({"client_id": "1234567890.1234567890", "client_secret": "5f4dcc3b5aa765d61d8327deb882cf99"})),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "The app after the change", body = OAuthAppResponse,
         example = json!({"data": crate::http::examples::oauth_app()})),
        OnOrganizationApp,
    ),
)]
pub(super) async fn of_organization(
    State(api): State<Api>,
    WholeOrganization(access): WholeOrganization<OauthAppsAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let of = AppsOf::Organization(access.organization());
    set(&api, of, &access.provider(&api)?, &body, access.acting()).await
}

/// Set the OAuth app of a project
///
/// It replaces an earlier one. The scopes may be narrower or wider than the provider's usual ones; what is installed
/// already keeps what was granted.
#[utoipa::path(
    put,
    path = "/api/v1/projects/{projectId}/oauth-apps/{provider}",
    operation_id = "setProjectOauthApp",
    tag = "OAuth apps",
    params(InProject, OfProvider),
    request_body(content = SetOAuthApp, example = json!({"client_id": "1234567890.1234567890", "client_secret": "5f4dcc3b5aa765d61d8327deb882cf99"})),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "The app after the change", body = OAuthAppResponse,
         example = json!({"data": crate::http::examples::oauth_app()})),
        OnProjectApp,
    ),
)]
pub(super) async fn of_project(
    State(api): State<Api>,
    access: Access<OauthAppsAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let of = AppsOf::Project(access.tenant);
    let provider = access.provider(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    set(&api, of, &provider, &body, access.acting()).await
}

async fn set(
    api: &Api,
    of: AppsOf,
    provider: &Arc<Provider>,
    body: &[u8],
    acting: Acting,
) -> Result<Response, Failure> {
    let oauth = provider.oauth_by_app().ok_or_else(Failure::without_oauth)?;
    let new = NewOAuthApp::read(oauth, body)?;
    api.app_settings.set(of, provider, new, acting).await?;
    view::respond_current(api, of, provider).await
}
