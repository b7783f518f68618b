//! `GET …/oauth-apps`

use axum::{extract::State, response::Response};
use integrations_core::wire::OAuthAppList;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, OauthAppsRead, WholeOrganization},
        failures::{OnOrganizationApps, OnProject},
        parameters::{InOrganization, InProject},
        state::Api,
    },
    store::AppsOf,
};

/// List the OAuth apps of an organization
///
/// Names every provider that needs an app: the one that counts here, if there is one, and what to register at the
/// provider. Client secrets are never returned.
#[utoipa::path(
    get,
    path = "/api/v1/orgs/{orgId}/oauth-apps",
    operation_id = "listOrganizationOauthApps",
    tag = "OAuth apps",
    params(InOrganization),
    security(("api_key" = ["oauth_apps:read"]), ("bearer" = ["oauth_apps:read"])),
    responses(
        (status = 200, description = "The apps", body = OAuthAppList,
         example = json!({"data": [crate::http::examples::oauth_app()]})),
        OnOrganizationApps,
    ),
)]
pub(super) async fn of_organization(
    State(api): State<Api>,
    WholeOrganization(access): WholeOrganization<OauthAppsRead>,
) -> Result<Response, Failure> {
    let of = AppsOf::Organization(access.organization());
    list(&api, of).await
}

/// List the OAuth apps of a project
///
/// Names every provider that needs an app: the one that counts here, if there is one, and what to register at the
/// provider. Client secrets are never returned.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/oauth-apps",
    operation_id = "listProjectOauthApps",
    tag = "OAuth apps",
    params(InProject),
    security(("api_key" = ["oauth_apps:read"]), ("bearer" = ["oauth_apps:read"])),
    responses(
        (status = 200, description = "The apps", body = OAuthAppList,
         example = json!({"data": [crate::http::examples::oauth_app()]})),
        OnProject,
    ),
)]
pub(super) async fn of_project(
    State(api): State<Api>,
    access: Access<OauthAppsRead>,
) -> Result<Response, Failure> {
    let of = AppsOf::Project(access.tenant);
    api.organizations.admit(&access.tenant).await?;
    list(&api, of).await
}

async fn list(api: &Api, of: AppsOf) -> Result<Response, Failure> {
    let apps = api.app_settings.current(of, api.catalog.by_app()).await?;
    let data = apps.into_iter().filter_map(|(provider, current)| view::app(api, provider, &current));
    respond(&OAuthAppList { data: data.collect() })
}
