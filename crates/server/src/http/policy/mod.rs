//! What would be decided of calls.

mod explain;
mod replay;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(explain::explain)).routes(routes!(replay::replay))
}
