//! A project's webhooks, with one file for each operation.

mod create;
mod deliveries;
mod delivery;
mod list;
mod redeliver;
mod remove;
mod rotate_secret;
mod show;
mod test;
mod update;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(show::show, update::update, remove::remove))
        .routes(routes!(test::test))
        .routes(routes!(rotate_secret::rotate_secret))
        .routes(routes!(deliveries::deliveries))
        .routes(routes!(delivery::delivery))
        .routes(routes!(redeliver::one))
        .routes(routes!(redeliver::since))
}
