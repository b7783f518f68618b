//! Writes the log of requests.

use std::time::Duration;

use axum::response::Response;
use http::{Method, Uri};

use super::identity::Identity;

/// Writes one line for a request. It omits the query, which may hold what people typed.
pub(super) fn write(
    method: &Method,
    uri: &Uri,
    response: &Response,
    identity: &Identity,
    request_id: &str,
    took: Duration,
) {
    let key = match identity {
        Identity::Caller(caller) => Some(tracing::field::display(caller.key)),
        _ => None,
    };
    tracing::info!(
        %method,
        path = uri.path(),
        status = response.status().as_u16(),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        key,
        request_id,
        "request"
    );
}
