//! Lets pages of other origins call the API (Fetch Standard, "CORS protocol"), if the operator names their origins.
//!
//! Without credentials: callers send API keys, and no cookie counts. Only the API allows this, never the dashboard.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use super::audience::Audience;

/// The methods that the API has.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// The headers that the API reads, without those that every page may send.
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, \
     mcp-method, mcp-name, mcp-protocol-version, traceparent, tracestate, x-api-key, x-request-id";
/// The headers of answers that a page may read, in addition to those that it always may.
const EXPOSED: &str = "etag, idempotent-replayed, retry-after, www-authenticate, x-ratelimit-limit, \
     x-ratelimit-remaining, x-ratelimit-reset, x-ratelimit-tier, x-answered-by, x-request-id";
/// How long a browser remembers the answer to a preflight, in seconds. Chromium remembers none for longer.
const MAX_AGE: &str = "7200";

/// How a request stands to the origins that may call the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CrossOrigin {
    /// No origin may call what it asks for.
    Closed,
    /// Some may. It comes from none of them.
    Foreign,
    /// It comes from a page of this origin, which may.
    Allowed {
        /// The origin, as the request names it.
        origin: HeaderValue,
        /// Whether the browser asks before it sends the request itself.
        is_preflight: bool,
    },
}

impl CrossOrigin {
    /// How a request stands to the origins that the operator allows.
    pub(super) fn of(request: &Request<Body>, audience: Audience, allowed: &[String]) -> Self {
        if allowed.is_empty() || !audience.is_of_api() {
            return Self::Closed;
        }
        let origin = request.headers().get(header::ORIGIN);
        let Some(origin) =
            origin.filter(|origin| allowed.iter().any(|one| one.as_bytes() == origin.as_bytes()))
        else {
            return Self::Foreign;
        };
        let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Self::Allowed { origin: origin.clone(), is_preflight: asks && request.method() == Method::OPTIONS }
    }

    /// Whether it only asks whether a request may be sent.
    pub(super) fn is_preflight(&self) -> bool {
        matches!(self, Self::Allowed { is_preflight: true, .. })
    }

    /// The answer to a preflight.
    pub(super) fn permit() -> Response {
        let headers = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ];
        (StatusCode::NO_CONTENT, headers).into_response()
    }

    /// Says in the headers of a response whether the page may read it.
    pub(super) fn mark(self, headers: &mut HeaderMap) {
        if self == Self::Closed {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Self::Allowed { origin, is_preflight } = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if !is_preflight {
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            }
        }
    }
}
