//! What the server says of itself, without a key.

mod health;
mod metrics;
mod reference;
mod specification;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::specification::openapi_of;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(specification::specification))
        .routes(routes!(reference::reference))
}
