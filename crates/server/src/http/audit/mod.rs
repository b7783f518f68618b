//! The audit log of a project.

mod list;
mod view;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The one route.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list))
}
