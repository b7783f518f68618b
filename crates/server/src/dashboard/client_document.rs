//! The document about this server as an OAuth client (OAuth Client ID Metadata Document), whose address is its client
//! id at authorization servers that do not know it.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use integrations_core::error::ErrorCode;

use super::state::Pages;
use crate::edge::failure::Failure;

/// How long others may keep it, in seconds.
const KEPT: &str = "public, max-age=3600";

/// `GET /oauth/client.json`
pub(super) async fn document(State(pages): State<Pages>) -> Response {
    let Some(document) = pages.installer.client_document() else {
        let message = "This server has no such document, because its public address is not https";
        return Failure::new(ErrorCode::ResourceNotFound, message).into_response();
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, KEPT)];
    (headers, document.to_string()).into_response()
}
