//! The install links of a project, with one file for each operation.

mod end;
mod list;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(end::end))
}
