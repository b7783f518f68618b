//! Device login (RFC 8628), with one file for each operation. Its answers are bare, and need no API key.

mod begin;
mod redeem;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::state::Api;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(begin::begin)).routes(routes!(redeem::redeem))
}
