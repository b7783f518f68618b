//! The OAuth apps of an organization and of a project, with one file for each operation. Each operation has two
//! addresses: what is set for a project counts there more than what is set for its organization.

mod check;
mod list;
mod remove;
mod set;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::of_organization))
        .routes(routes!(list::of_project))
        .routes(routes!(set::of_organization, remove::of_organization))
        .routes(routes!(set::of_project, remove::of_project))
        .routes(routes!(check::of_organization))
        .routes(routes!(check::of_project))
}
