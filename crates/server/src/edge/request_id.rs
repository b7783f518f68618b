//! The id of a request: the client's own if it is usable, else a new one.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use integrations_core::ids::RequestId;

use crate::environment::Environment;

/// The header that carries it, in and out.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is taken from a client.
const MAX_REQUEST_ID: usize = 128;

/// The id of the current request. The edge puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct CurrentRequest(pub Arc<str>);

/// The request's own id, or a new one.
pub(super) fn of(headers: &HeaderMap, environment: &Environment) -> Arc<str> {
    let sent = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_usable(id));
    sent.map_or_else(|| fresh(environment), Arc::from)
}

/// A new id.
pub(super) fn fresh(environment: &Environment) -> Arc<str> {
    let id: RequestId = environment.id();
    id.to_string().into()
}

/// Whether a request id can be written to logs, headers and bodies unchanged.
fn is_usable(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_usable_request_ids_are_kept() {
        for id in ["a", "req_01", "7f9c:1.2-b", &"x".repeat(128)] {
            assert!(is_usable(id), "{id}");
        }
        for id in ["", "a b", "é", "a\"", "<b>", &"x".repeat(129)] {
            assert!(!is_usable(id), "{id}");
        }
    }
}
