//! The HTTP side: router, edge, and one folder a resource.

mod accept;
mod answer;
mod audit;
pub mod auth;
pub(crate) mod body;
pub mod client_address;
pub mod edge;
mod enveloped_io;
pub mod error;
mod examples;
mod failures;
mod found_route;
pub mod integrations;
mod meta;
pub(crate) mod query;
pub mod rate_limit;
mod request_span;
pub mod serve;
pub mod state;

use axum::Router;
use integrations_core::error::ErrorCode;
use tower::util::MapRequestLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use self::{error::ApiError, state::App};
use crate::dashboard;

/// Every route, without the edge.
pub fn router(app: App) -> Router {
    let (router, _) = documented().split_for_parts();
    router
        .merge(dashboard::routes())
        .fallback(async || ApiError::new(ErrorCode::ResourceNotFound, "There is nothing at this address"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                ErrorCode::MethodNotAllowed,
                "The route does not have this method; Allow names those it has",
            )
        })
        .layer(MapRequestLayer::new(found_route::note))
        .with_state(app)
}

/// The specification.
pub fn openapi() -> OpenApi {
    meta::openapi_of(documented().into_openapi())
}

fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(meta::routes()).merge(integrations::routes()).merge(audit::routes())
}
