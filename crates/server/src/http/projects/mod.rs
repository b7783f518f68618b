//! The projects of an organization, with one file for each operation.

mod archive;
mod create;
mod list;
mod show;
mod update;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        show::show,
        update::update,
        archive::archive
    ))
}
