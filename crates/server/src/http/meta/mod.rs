//! What the server says of itself, without a key.

mod health;
mod metrics;
mod reference;
mod specification;

use axum::routing::get;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

pub(super) use self::specification::openapi_of;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(specification::specification))
        .routes(routes!(reference::reference))
        // A part of the page, and so not of the specification.
        .route(&reference::SCRIPT_PATH, get(reference::script))
}
