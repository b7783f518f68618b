//! Makes the API's OAuth apps from stored ones.

use axum::response::Response;
use integrations_core::{
    catalog::{Field, Provider},
    wire::{OAuthApp, OAuthAppField, OAuthAppOwner, OAuthAppResponse, Open},
};

use crate::{
    edge::failure::Failure,
    http::{answer::respond, state::Api},
    services::oauth_apps::CurrentApp,
    store::{AppOwner, AppsOf},
};

/// The OAuth app of a provider. `None`: the provider uses no OAuth.
pub(super) fn app(api: &Api, provider: &Provider, current: &CurrentApp) -> Option<OAuthApp> {
    let oauth = provider.oauth_by_app()?;
    let owner = current.owner().map(|owner| match owner {
        AppOwner::All => OAuthAppOwner::Server,
        AppOwner::Organization(_) => OAuthAppOwner::Organization,
        AppOwner::Project(_) => OAuthAppOwner::Project,
    });
    Some(OAuthApp {
        provider: provider.key.to_string(),
        name: provider.name.clone(),
        owner: owner.map(|owner| Open::read(owner.as_str())),
        client_id: current.client_id().map(str::to_owned),
        scopes: current.scopes(oauth).to_vec(),
        default_scopes: oauth.scopes.clone(),
        base: oauth.base.as_ref().map(|base| base.key.to_string()),
        shared: current.is_shared(provider),
        services: oauth.services.iter().map(|service| service.key.to_string()).collect(),
        fields: oauth.app_fields.iter().map(|described| field(described, current)).collect(),
        redirect_uri: api.installer.redirect_uri(),
        registration_url: oauth.app_page.as_ref().map(ToString::to_string),
        updated_at: current.updated_at(),
    })
}

fn field(field: &Field, current: &CurrentApp) -> OAuthAppField {
    OAuthAppField {
        key: field.key.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        required: field.is_required(),
        value: current.field(&field.key).map(str::to_owned),
    }
}

/// Answers with the app of a provider that counts for some installations.
pub(super) async fn respond_current(api: &Api, of: AppsOf, provider: &Provider) -> Result<Response, Failure> {
    let current = api.app_settings.current_of(of, provider).await?;
    let app = app(api, provider, &current).ok_or_else(Failure::without_oauth)?;
    respond(&OAuthAppResponse { data: app })
}
