//! What the server says of itself, without a key.

mod health;
mod metrics;
mod reference;
mod specification;

use axum::routing::get;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

pub(super) use self::specification::{Specification, openapi_of};

/// The routes.
#[expect(
    clippy::disallowed_methods,
    reason = "the script is a part of a page, and so not of the specification"
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
