//! The audit log of a project.

mod list;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::state::App;

/// The one route.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list))
}
