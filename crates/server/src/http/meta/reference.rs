//! `GET /docs`: the specification as a page to read and to try, by Scalar. Nothing of it comes from elsewhere, and
//! nothing that a person types into it is kept or sent anywhere but to this server.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header;
use maud::{DOCTYPE, html};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// What the page may load and run: this server's own script, which may call this server. Scalar writes its styles into
/// the page, and some of them as attributes, which no hash or nonce can name. They can load nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Scalar's colours, where they stand out too little from what is behind them (WCAG 2.2, 1.4.3).
const COLOURS: &str = ".light-mode{--scalar-color-3:#6b6b6b;--scalar-color-green:#00734a;--scalar-color-red:#c70000;\
     --scalar-color-yellow:#7d5b00}.dark-mode{--scalar-color-3:#a3a3a3;--scalar-color-red:#ff6b6b}";

/// Scalar's script, compressed by the build script.
const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scalar.js.gz"));

/// Where the script is: named by its content, so that browsers may keep it for ever.
pub(super) static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(SCRIPT)[..9]);
    format!("/docs/scalar-{hash}.js")
});

static PAGE: LazyLock<String> = LazyLock::new(page);

fn page() -> String {
    // Scalar reads its settings from this element. Left to itself, it would load fonts, offer its maker's client, agent
    // and editor, and report its use.
    let settings = json!({
        "url": "/api/v1/openapi.json",
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
                    p { "This page needs JavaScript. " a href="/api/v1/openapi.json" { "openapi.json" } " does not." }
                }
                script id="api-reference" type="application/json" data-configuration=(settings) {}
                script src=(*SCRIPT_PATH) {}
            }
        }
    };
    page.into_string()
}

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
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, PAGE.as_str()).into_response()
}

/// `GET /docs/scalar-….js`. Every browser takes gzip, so that there is no other form of it.
pub(super) async fn script() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CONTENT_ENCODING, "gzip"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, SCRIPT).into_response()
}
