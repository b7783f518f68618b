//! Reading `If-Match` (RFC 9110, section 13.1.1).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

use crate::precondition::IfMatch;

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(read(&parts.headers))
    }
}

fn read(headers: &HeaderMap) -> IfMatch {
    let values: Vec<_> =
        headers.get_all(header::IF_MATCH).iter().map(|v| v.to_str().unwrap_or_default()).collect();
    IfMatch::new((!values.is_empty()).then(|| values.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let allows = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            read(&headers).allows(3)
        };
        for value in ["*", "\"v3\"", "\"v2\", \"v3\"", " \"v3\" "] {
            assert!(allows(value), "{value}");
        }
        for value in ["\"v2\"", "v3", "W/\"v3\"", "", "\"\"", "\"v33\""] {
            assert!(!allows(value), "{value}");
        }
        assert!(IfMatch::default().allows(3));
    }
}
