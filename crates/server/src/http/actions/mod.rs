//! The actions of an integration.

pub(super) mod call;
mod list;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(call::call))
}
