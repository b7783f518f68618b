//! The approvals of a project: calls of actions that wait for a person, the decisions on them, and who makes those.

mod approve;
mod deny;
mod list;
mod policy;
mod show;
mod view;

use crate::http::state::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(show::show))
        .routes(routes!(approve::approve))
        .routes(routes!(deny::deny))
        .routes(routes!(policy::show, policy::update))
}
