//! `GET /docs`: the specification as a page to read and to try, made by Scalar. The page loads nothing from other
//! servers. What a person types into it is not stored, and is sent only to this server.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, header};
use maud::{DOCTYPE, html};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    edge::failure::Failure,
    http::{
        entity_tag::{content_tag, unless_known},
        failures::OnReference,
        parameters::IfNoneMatch,
    },
};

/// The page may load and run this server's own script, and the script may call this server. Scalar writes styles into
/// the page, some as attributes, which a hash or nonce cannot allow. Styles can load nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Keeps windows of other pages, the dashboard's among them, out of reach of the page's script (HTML Standard,
/// "Cross-origin opener policies").
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Replaces Scalar's colours that have too little contrast (WCAG 2.2, 1.4.3).
const COLOURS: &str = ".light-mode{--scalar-color-3:#6b6b6b;--scalar-color-green:#00734a;--scalar-color-red:#c70000;\
     --scalar-color-yellow:#7d5b00}.dark-mode{--scalar-color-3:#a3a3a3;--scalar-color-red:#ff6b6b}";

/// Scalar's script, compressed by the build script.
const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scalar.js.gz"));

/// The path of the script. It contains a hash of the content, so browsers may cache it for ever.
pub(super) static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(SCRIPT)[..9]);
    format!("/docs/scalar-{hash}.js")
});

/// The address of the specification. Addresses in the page are relative to `/docs`, because a proxy may serve the API
/// below a path of its own.
const SPECIFICATION: &str = "api/v1/openapi.json";

static PAGE: LazyLock<String> = LazyLock::new(page);
static TAG: LazyLock<String> = LazyLock::new(|| content_tag(PAGE.as_bytes()));

fn page() -> String {
    // Scalar reads its settings from this element. By default it would load fonts, offer its maker's client, agent and
    // editor, and report its use.
    let settings = json!({
        "url": SPECIFICATION,
        "agent": {"disabled": true},
        "customCss": COLOURS,
        "documentDownloadType": "direct",
        "hideClientButton": true,
        "mcp": {"disabled": true},
        "persistAuth": false,
        "showDeveloperTools": "never",
        "telemetry": false,
        "withDefaultFonts": false,
    });
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { "Integrations API reference" }
            }
            body {
                noscript {
                    p { "This page needs JavaScript. " a href=(SPECIFICATION) { "openapi.json" } " does not." }
                }
                script id="api-reference" type="application/json" data-configuration=(settings) {}
                script src=(SCRIPT_PATH.trim_start_matches('/')) {}
            }
        }
    };
    page.into_string()
}

/// The reference
///
/// Returns a page for people, with every route and its parameters, bodies and errors.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getReference",
    tag = "Server",
    security(()),
    params(IfNoneMatch),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html",
         headers(("ETag" = String, description = "The entity tag of this page")),
         example = json!("<!DOCTYPE html>…")),
        (status = 304, description = "The client has this page",
         headers(("ETag" = String, description = "The entity tag of this page"))),
        OnReference,
    ),
)]
pub(super) async fn reference(request: HeaderMap) -> Result<Response, Failure> {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    ];
    unless_known(&request, &TAG, || (headers, PAGE.as_str()).into_response())
}

/// `GET /docs/scalar-….js`. It exists only compressed, because every browser accepts gzip.
pub(super) async fn script() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CONTENT_ENCODING, "gzip"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, SCRIPT).into_response()
}
