//! The API: its routes, with one folder for each resource, and its specification.

mod action_runs;
mod actions;
mod answer;
mod approvals;
mod audit;
pub mod auth;
mod device_login;
mod entity_tag;
mod examples;
mod failures;
mod filters;
mod hooks;
mod install_links;
pub mod integrations;
mod key_access;
mod keys;
mod meta;
mod oauth_apps;
mod parameters;
mod patience;
mod policy;
mod post;
mod projects;
mod provider_events;
mod proxy;
pub mod state;
mod webhooks;

use axum::{Extension, Router};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use self::{meta::Specification, state::Api};

/// The routes of the API.
pub fn router(api: Api) -> Router {
    let (router, routes) = documented().split_for_parts();
    router.merge(hooks::routes()).with_state(api).layer(Extension(Specification::of(routes)))
}

/// The specification.
pub fn openapi() -> OpenApi {
    meta::openapi_of(documented().into_openapi())
}

fn documented() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(meta::routes())
        .merge(integrations::routes())
        .merge(install_links::routes())
        .merge(actions::routes())
        .merge(action_runs::routes())
        .merge(approvals::routes())
        .merge(policy::routes())
        .merge(proxy::routes())
        .merge(webhooks::routes())
        .merge(provider_events::routes())
        .merge(audit::routes())
        .merge(projects::routes())
        .merge(keys::routes())
        .merge(oauth_apps::routes())
        .merge(device_login::routes())
}
