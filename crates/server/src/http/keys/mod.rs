//! The API keys of an organization, with one file for each operation.

mod create;
mod list;
mod repeat;
mod revoke;
mod rotate;
mod show;
mod update;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(show::show, update::update, revoke::revoke))
        .routes(routes!(rotate::rotate))
}
