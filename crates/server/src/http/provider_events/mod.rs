//! The events that providers send, and their addresses, with one file for each operation.

mod app_source;
mod list;
mod show;
mod source;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(show::show))
        .routes(routes!(source::show))
        .routes(routes!(source::set_secret))
        .routes(routes!(app_source::of_organization))
        .routes(routes!(app_source::set_of_organization))
        .routes(routes!(app_source::of_project))
        .routes(routes!(app_source::set_of_project))
}
