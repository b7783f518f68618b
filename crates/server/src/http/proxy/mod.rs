//! The proxy to providers.

mod answer;
mod body;
mod forward;
mod operations;

use axum::routing::{MethodFilter, on};
use utoipa_axum::router::OpenApiRouter;

use crate::http::state::Api;

/// The path of the route. The specification cannot say that its end has many segments.
const PATH: &str = "/api/v1/projects/{projectId}/integrations/{provider}/proxy/{*path}";

/// The routes.
#[expect(
    clippy::disallowed_methods,
    reason = "the specification has the operations, under a path without a wildcard, which it does not know"
)]
pub(super) fn routes() -> OpenApiRouter<Api> {
    let methods = [
        MethodFilter::HEAD,
        MethodFilter::POST,
        MethodFilter::PUT,
        MethodFilter::PATCH,
        MethodFilter::DELETE,
    ];
    let methods = methods.into_iter().fold(MethodFilter::GET, MethodFilter::or);
    OpenApiRouter::with_openapi(operations::described()).route(PATH, on(methods, forward::forward))
}
