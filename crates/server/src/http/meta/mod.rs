//! What the server says about itself. These routes need no key.

mod every_response;
mod health;
mod links;
mod metrics;
mod reference;
mod repeats;
mod specification;

use axum::routing::get;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

pub(super) use self::specification::{Specification, openapi_of};

/// The routes.
#[expect(
    clippy::disallowed_methods,
    reason = "the script belongs to a page, so it is not part of the specification"
)]
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(specification::specification))
        .routes(routes!(reference::reference))
        .route(&reference::SCRIPT_PATH, get(reference::script))
}
