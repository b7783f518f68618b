//! The integrations of a project, with one file for each operation.

mod catalog;
mod catalog_entry;
mod catalog_page;
mod changed;
mod check;
mod disconnect;
mod health_history;
mod install_url;
mod list;
mod show;
mod update_lifecycle;
pub mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes. Each has its whole path, because nesting under a prefix costs time in each request.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(catalog::catalog))
        .routes(routes!(catalog_entry::catalog_entry))
        .routes(routes!(install_url::install_url))
        .routes(routes!(update_lifecycle::update_lifecycle))
        .routes(routes!(show::show, disconnect::disconnect))
        .routes(routes!(check::check))
        .routes(routes!(health_history::health_history))
}
