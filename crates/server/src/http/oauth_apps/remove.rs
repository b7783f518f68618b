//! `DELETE …/oauth-apps/{provider}`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use integrations_core::{audit::Acting, catalog::Provider, wire::OAuthAppResponse};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        auth::{Access, OauthAppsAdmin, WholeOrganization},
        failures::{OnOrganizationApp, OnProjectApp},
        parameters::{InOrganization, InProject, OfProvider},
        state::Api,
    },
    store::AppsOf,
};

/// Remove the OAuth app of an organization
///
/// Its client secret is destroyed, and tokens that came from it are no longer renewed. The answer names the app that
/// counts here afterwards, if there is one. Repeating it is not an error.
#[utoipa::path(
    delete,
    path = "/api/v1/orgs/{orgId}/oauth-apps/{provider}",
    operation_id = "removeOrganizationOauthApp",
    tag = "OAuth apps",
    params(InOrganization, OfProvider),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "The app that counts afterwards", body = OAuthAppResponse,
         example = json!({"data": crate::http::examples::oauth_app()})),
        OnOrganizationApp,
    ),
)]
pub(super) async fn of_organization(
    State(api): State<Api>,
    WholeOrganization(access): WholeOrganization<OauthAppsAdmin>,
) -> Result<Response, Failure> {
    let of = AppsOf::Organization(access.organization());
    remove(&api, of, &access.provider(&api)?, access.acting()).await
}

/// Remove the OAuth app of a project
///
/// Its client secret is destroyed, and tokens that came from it are no longer renewed. The answer names the app that
/// counts here afterwards, if there is one. Repeating it is not an error.
#[utoipa::path(
    delete,
    path = "/api/v1/projects/{projectId}/oauth-apps/{provider}",
    operation_id = "removeProjectOauthApp",
    tag = "OAuth apps",
    params(InProject, OfProvider),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "The app that counts afterwards", body = OAuthAppResponse,
         example = json!({"data": crate::http::examples::oauth_app()})),
        OnProjectApp,
    ),
)]
pub(super) async fn of_project(
    State(api): State<Api>,
    access: Access<OauthAppsAdmin>,
) -> Result<Response, Failure> {
    let of = AppsOf::Project(access.tenant);
    let provider = access.provider(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    remove(&api, of, &provider, access.acting()).await
}

async fn remove(
    api: &Api,
    of: AppsOf,
    provider: &Arc<Provider>,
    acting: Acting,
) -> Result<Response, Failure> {
    provider.oauth_by_app().ok_or_else(Failure::without_oauth)?;
    api.app_settings.remove(of, provider, acting).await?;
    view::respond_current(api, of, provider).await
}
