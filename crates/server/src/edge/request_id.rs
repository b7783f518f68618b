//! The id of a request: the client's own where it sends a sane one.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use integrations_core::ids::RequestId;

use crate::environment::Environment;

/// The header that carries it, in and out.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is kept when a client sends one.
const MAX_REQUEST_ID: usize = 128;

/// The id of the request that is being answered, in its extensions.
#[derive(Clone, Debug)]
pub struct CurrentRequest(pub Arc<str>);

/// The id that a request brings, or a fresh one.
pub(super) fn of(headers: &HeaderMap, environment: &Environment) -> Arc<str> {
    let sent = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id));
    sent.map_or_else(|| fresh(environment), Arc::from)
}

/// An id for what brings none.
pub(super) fn fresh(environment: &Environment) -> Arc<str> {
    let id: RequestId = environment.id();
    id.to_string().into()
}

/// A request id that may go into logs, headers and bodies as it is.
fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_request_ids_are_kept() {
        for id in ["a", "req_01", "7f9c:1.2-b", &"x".repeat(128)] {
            assert!(is_sane(id), "{id}");
        }
        for id in ["", "a b", "é", "a\"", "<b>", &"x".repeat(129)] {
            assert!(!is_sane(id), "{id}");
        }
    }
}
