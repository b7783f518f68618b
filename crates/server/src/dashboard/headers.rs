//! Answers of the dashboard, with headers that isolate its pages from other sites.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use maud::Markup;

/// A page may load files and send forms only from and to this server, and may not be in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Headers of every answer of the dashboard, in addition to those of the edge (`Cache-Control: no-store`,
/// `X-Content-Type-Options`).
const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Addresses name projects, and the address of an install link contains its secret.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Whether the window that opened a page and the page can still reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opener {
    /// They cannot.
    Severed,
    /// They can, if nothing before parted them: the page may tell the product that opened it how an installation ended.
    /// It says nothing else to anybody, and an opener of another origin can read nothing of it.
    Kept,
}

impl Opener {
    const fn policy(self) -> &'static str {
        match self {
            Self::Severed => "same-origin",
            Self::Kept => "unsafe-none",
        }
    }
}

/// A page.
pub(crate) fn page(status: StatusCode, markup: Markup) -> Response {
    page_beside(Opener::Severed, status, markup)
}

/// A page beside the window that opened it.
pub(crate) fn page_beside(opener: Opener, status: StatusCode, markup: Markup) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response =
        guarded((status, [(header::CONTENT_TYPE, html)], markup.into_string()).into_response());
    response.headers_mut().insert(OPENER_POLICY, HeaderValue::from_static(opener.policy()));
    response
}

/// Redirects the browser to another page, which it requests with GET (RFC 9110, section 15.4.4). That page says whether
/// it leaves its opener: a redirect that did would do it for every page behind it.
pub(crate) fn redirect(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(location) => guarded((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()),
        Err(_) => {
            crate::edge::failure::Failure::internal(&"an invalid address for a redirect").into_response()
        }
    }
}

fn guarded(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
