//! Makes the API's OAuth apps from stored ones.

use axum::response::Response;
use integrations_core::{
    catalog::Provider,
    error::ErrorCode,
    issue::Issue,
    wire::{OAuthApp, OAuthAppOwner, OAuthAppResponse, Open},
};

use crate::{
    edge::failure::Failure,
    http::{answer::respond, state::Api},
    services::oauth_apps::{CurrentApp, SetAppError},
    store::{AppOwner, AppsOf, Denied, OwnedError},
};

/// The OAuth app of a provider. `None`: the provider uses no OAuth.
pub(super) fn app(api: &Api, provider: &Provider, current: CurrentApp) -> Option<OAuthApp> {
    let oauth = provider.oauth()?;
    let (owner, client_id, scopes, updated_at) = match current {
        CurrentApp::Missing => (None, None, None, None),
        CurrentApp::Given => (Some(OAuthAppOwner::Server), None, None, None),
        CurrentApp::Stored(app) => {
            let owner = match app.owner {
                AppOwner::All => OAuthAppOwner::Server,
                AppOwner::Organization(_) => OAuthAppOwner::Organization,
                AppOwner::Project(_) => OAuthAppOwner::Project,
            };
            let client_id = (owner != OAuthAppOwner::Server).then_some(app.client_id);
            (Some(owner), client_id, app.scopes, Some(app.updated_at))
        }
    };
    Some(OAuthApp {
        provider: provider.key.to_string(),
        name: provider.name.clone(),
        owner: owner.map(|owner| Open::read(owner.as_str())),
        client_id,
        scopes: scopes.unwrap_or_else(|| oauth.scopes.clone()),
        default_scopes: oauth.scopes.clone(),
        redirect_uri: api.installer.redirect_uri(),
        registration_url: oauth.app_page.as_ref().map(ToString::to_string),
        updated_at,
    })
}

/// Answers with the app of a provider that counts for some installations.
pub(super) async fn respond_current(
    api: &Api,
    of: AppsOf,
    provider: &std::sync::Arc<Provider>,
) -> Result<Response, Failure> {
    let mut current = api.app_settings.current(of, std::iter::once(provider)).await?;
    let app = current.pop().and_then(|(provider, current)| app(api, provider, current));
    respond(&OAuthAppResponse { data: app.ok_or_else(no_oauth)? })
}

/// The error for a provider that uses no OAuth.
pub(super) fn no_oauth() -> Failure {
    Failure::new(
        ErrorCode::ResourceNotFound,
        "The provider is not installed by OAuth, so it has no OAuth app",
    )
}

/// The error for an app that was not set.
pub(super) fn not_set(error: SetAppError) -> Failure {
    match error {
        SetAppError::Owned(error) => refused(error),
        SetAppError::NoSecret => {
            let message = "Required, as no secret is stored for this client id";
            Failure::invalid("Invalid body", vec![Issue::new("client_secret", message)])
        }
        SetAppError::Vault(error) => error.into(),
    }
}

/// The error for a change that was not made.
pub(super) fn refused(error: OwnedError) -> Failure {
    match error {
        OwnedError::Forbidden(error) => error.into(),
        OwnedError::NotFound | OwnedError::NoSuchProject => Denied::NoSuchProject.into(),
        OwnedError::Taken | OwnedError::Ended => {
            Failure::new(ErrorCode::Conflict, "Another change came first; try again")
        }
        OwnedError::Store(error) => error.into(),
    }
}
