//! The audit log of a project.

mod export;
mod filters;
mod list;
mod view;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(export::export))
}
