//! `POST …/oauth-apps/{provider}/check`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use integrations_core::{
    catalog::Provider,
    error::ErrorCode,
    fields::{Fields, object},
    wire::{CheckOAuthApp, OAuthAppTest, OAuthAppTestResponse},
};

use crate::{
    edge::failure::Failure,
    http::{
        answer::Answer,
        auth::{Access, OauthAppsAdmin, WholeOrganization},
        failures::{OnOrganizationApp, OnProjectApp},
        key_access::KeyAccess,
        parameters::{InOrganization, InProject, OfProvider},
        post::{Post, Sent},
        state::Api,
    },
    services::install::{AppCheckError, AppVerdict},
    store::AppsOf,
};

/// Check the OAuth app of an organization
///
/// Asks the provider's authorization endpoint as an installation would, and says what it answered. Nothing is stored.
/// A provider that judges the app only after a person has signed in accepts it here. `connection` is needed where the
/// provider's address depends on it, such as a shop's domain.
#[utoipa::path(
    post,
    path = "/api/v1/orgs/{orgId}/oauth-apps/{provider}/check",
    operation_id = "checkOrganizationOauthApp",
    tag = "OAuth apps",
    params(InOrganization, OfProvider),
    request_body(content = CheckOAuthApp, example = json!({})),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "What the provider answered", body = OAuthAppTestResponse,
         example = json!({"data": crate::http::examples::oauth_app_check()})),
        OnOrganizationApp,
    ),
)]
pub(super) async fn of_organization(
    State(api): State<Api>,
    post: Post<WholeOrganization<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let WholeOrganization(access) = &post.access;
    let of = AppsOf::Organization(access.organization());
    let provider = access.provider(&api)?;
    check(&api, of, provider, post).await
}

/// Check the OAuth app of a project
///
/// Asks the provider's authorization endpoint as an installation would, and says what it answered. Nothing is stored.
/// A provider that judges the app only after a person has signed in accepts it here. `connection` is needed where the
/// provider's address depends on it, such as a shop's domain.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/oauth-apps/{provider}/check",
    operation_id = "checkProjectOauthApp",
    tag = "OAuth apps",
    params(InProject, OfProvider),
    request_body(content = CheckOAuthApp, example = json!({})),
    security(("api_key" = ["oauth_apps:admin"]), ("bearer" = ["oauth_apps:admin"])),
    responses(
        (status = 200, description = "What the provider answered", body = OAuthAppTestResponse,
         example = json!({"data": crate::http::examples::oauth_app_check()})),
        OnProjectApp,
    ),
)]
pub(super) async fn of_project(
    State(api): State<Api>,
    post: Post<Access<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let access = &post.access;
    let of = AppsOf::Project(access.tenant);
    let provider = access.provider(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    check(&api, of, provider, post).await
}

async fn check<A: KeyAccess>(
    api: &Api,
    of: AppsOf,
    provider: Arc<Provider>,
    post: Post<A>,
) -> Result<Response, Failure> {
    provider.oauth_by_app().ok_or_else(Failure::without_oauth)?;
    let mut fields = Fields::read_optional(post.json()?)?;
    let connection = fields.optional("connection", object);
    let connection = fields.finish(Some(connection.unwrap_or_default()))?;
    let installer = Arc::clone(&api.installer);
    let checking = async move {
        let verdict = installer.check_app(of, &provider, &connection).await;
        // A repeat asks again if the provider could not answer.
        let could = matches!(verdict, Ok(AppVerdict::Accepted(_) | AppVerdict::Refused(..)));
        let data = in_words(&provider.name, verdict)?;
        let answer = Answer::ok(&OAuthAppTestResponse { data })?;
        Ok(if could { Sent::Made(answer) } else { Sent::NotMade(answer) })
    };
    post.send(api, checking).await
}

fn in_words(name: &str, verdict: Result<AppVerdict, AppCheckError>) -> Result<OAuthAppTest, Failure> {
    match verdict {
        Ok(verdict) => Ok(OAuthAppTest {
            accepted: matches!(verdict, AppVerdict::Accepted(_)),
            status_code: verdict.status(),
            message: verdict.words(name),
        }),
        Err(AppCheckError::NotConfigured) => {
            let message = format!("No OAuth app is set for {name}");
            Err(Failure::new(ErrorCode::ProviderNotConfigured, message))
        }
        Err(AppCheckError::Invalid(issues)) => Err(Failure::invalid("Invalid body", issues)),
        Err(AppCheckError::Failed(kind)) => Err(Failure::internal(&format!("checking an app: {kind:?}"))),
    }
}
