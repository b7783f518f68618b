//! `GET /docs`: the specification as a page to read. Nothing of it comes from elsewhere.

mod curl;
mod errors;
mod fields;
mod operation;
mod page;
mod parts;

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};

/// What a browser may load and run on the page: its own style sheet.
const POLICY: &str = "default-src 'none'; style-src 'sha256-STYLE'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let specification = serde_json::to_value(crate::openapi()).unwrap_or_default();
    page::page(&specification).into_string()
});

static SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    let hash = STANDARD.encode(Sha256::digest(page::STYLE));
    HeaderValue::from_str(&POLICY.replace("STYLE", &hash))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The reference
///
/// Every route with its parameters, bodies and errors, as a page for people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getReference",
    tag = "Server",
    security(()),
    responses((status = 200, description = "The page", body = String, content_type = "text/html",
               example = json!("<!DOCTYPE html>…"))),
)]
pub(super) async fn reference() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, SECURITY_POLICY.clone()),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, PAGE.as_str()).into_response()
}
