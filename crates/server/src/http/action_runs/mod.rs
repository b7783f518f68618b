//! The runs of a project: calls of actions, and what came of them.

mod list;
mod show;
pub(super) mod view;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(show::show))
}
