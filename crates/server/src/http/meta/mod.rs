//! What the server says of itself, without a key.

mod health;
mod metrics;
mod reference;
mod specification;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::state::App;

pub(super) use self::specification::openapi_of;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(specification::specification))
        .routes(routes!(reference::reference))
}
