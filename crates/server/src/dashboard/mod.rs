//! The dashboard: pages for people, rendered on the server. They use the same services as the API.
//!
//! A handler takes a `visit::Visit`, a `visit::Allowed` or a `visit::Posted` form, which have checked cookies, session,
//! project, scope and form token. It calls a service, and renders a page of `view` or redirects to one.

mod accounts;
mod action_form;
mod addresses;
mod app_events;
mod approval_policy;
mod approvals;
mod assets;
mod audit;
mod brand_style;
mod branding;
mod callback;
mod changes;
mod client_document;
mod cookies;
mod csrf;
mod deliveries;
mod destination;
mod device;
mod events;
mod explain;
mod failure;
mod flash;
mod headers;
mod home;
mod in_organization;
mod install;
mod install_links;
mod install_problem;
mod integrations;
mod key_form;
mod keys;
mod names;
mod oauth_apps;
mod openid;
mod organizations;
mod projects;
mod provider;
mod provider_page;
mod public_host;
mod runs;
mod scopes;
mod sessions;
mod settings;
mod shown;
mod sign_in;
pub(crate) mod sign_in_link;
mod sign_in_problem;
mod speculation;
pub mod state;
mod trial;
mod view;
mod visit;
mod webhook_form;
mod webhooks;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use url::Url;

pub(crate) use self::failure::page as failure_page;
use self::{addresses::Addresses, state::Pages};
use crate::services::install::{CALLBACK, CLIENT_DOCUMENT, OWN_CALLBACK};

/// The address that the provider that people sign in with sends the browser back to.
pub(crate) fn sign_in_redirect(public_url: &Url) -> Result<Url, url::ParseError> {
    Addresses::new(public_url).signed_in_whole().parse()
}

/// The pages. They are not part of the API, so they are not in its specification.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub fn router(pages: Pages) -> Router {
    let provider = "/dashboard/projects/{projectId}/integrations/{provider}";
    let to = |action: &str| format!("{provider}/{action}");
    Router::new()
        .route("/", get(home::root))
        .route("/dashboard", get(home::home))
        .route("/dashboard/", get(home::home))
        .route("/dashboard/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/dashboard/sign-in/person", post(openid::begin))
        .route("/dashboard/sign-out", post(sign_in::sign_out))
        .route("/dashboard/organizations", get(organizations::show).post(organizations::choose))
        .merge(projects::routes())
        .merge(keys::routes())
        .route("/dashboard/projects/{projectId}", get(integrations::list))
        .route("/dashboard/projects/{projectId}/integrations", get(integrations::list))
        .route("/dashboard/projects/{projectId}/audit", get(audit::log))
        .route(provider, get(provider::show))
        .route(&to("connect"), post(install::connect))
        .route(&to("accounts"), post(accounts::add))
        .route(&to("pause"), post(changes::pause))
        .route(&to("resume"), post(changes::resume))
        .route(&to("check"), post(changes::check))
        .route(&to("details"), post(changes::details))
        .route(&to("settings"), post(changes::settings))
        .route(&to("permissions"), post(changes::permissions))
        .route(&to("disconnect"), get(provider::ask_to_disconnect).post(changes::disconnect))
        .merge(approvals::routes())
        .merge(approval_policy::routes())
        .merge(runs::routes())
        .merge(webhooks::routes())
        .merge(deliveries::routes())
        .merge(install_links::routes())
        .merge(trial::routes())
        .merge(explain::routes())
        .merge(events::routes())
        .merge(app_events::routes("/dashboard/orgs/{orgId}/oauth-apps"))
        .merge(app_events::routes("/dashboard/projects/{projectId}/oauth-apps"))
        .merge(oauth_apps::routes("/dashboard/orgs/{orgId}/oauth-apps"))
        .merge(oauth_apps::routes("/dashboard/projects/{projectId}/oauth-apps"))
        .route("/device", get(device::show).post(device::claim))
        .route("/dashboard/device/approve", post(device::approve))
        .route("/dashboard/device/deny", post(device::deny))
        .route("/dashboard/installs/confirm", post(install::confirm))
        .route("/dashboard/installs/choose", post(install::choose))
        .route("/dashboard/installs/abandon", post(install::abandon))
        .route("/dashboard/installs/reported", get(callback::reported))
        .route("/dashboard/installs/{installId}", get(callback::state))
        .route_layer(middleware::from_fn_with_state(pages.clone(), public_host::lead))
        .route("/dashboard/sign-in/callback", get(openid::callback))
        .route("/oauth/back-channel-logout", post(openid::back_channel_logout))
        .route(CALLBACK, get(callback::callback).post(callback::callback))
        .route(OWN_CALLBACK, get(callback::callback).post(callback::callback))
        .route(CLIENT_DOCUMENT, get(client_document::document))
        .route("/dashboard/assets/{name}", get(assets::asset))
        .with_state(pages)
}
