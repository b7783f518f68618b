//! Conditional requests: entity tags and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

/// The entity tag of a stored version, quotes included: `"v3"`.
pub fn entity_tag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// The `If-Match` of a request, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// The condition that this version is stored.
    pub fn version(version: i64) -> Self {
        Self(Some(entity_tag(version)))
    }

    fn read(headers: &HeaderMap) -> Self {
        let values: Vec<_> =
            headers.get_all(header::IF_MATCH).iter().map(|v| v.to_str().unwrap_or_default()).collect();
        Self((!values.is_empty()).then(|| values.join(",")))
    }

    /// Whether a request with this condition may go on where `version` is stored. Strong comparison: a weak tag
    /// (`W/…`) matches nothing.
    pub fn allows(&self, version: i64) -> bool {
        let Some(condition) = &self.0 else { return true };
        condition.split(',').map(str::trim).any(|tag| tag == "*" || tag == entity_tag(version))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let allows = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            IfMatch::read(&headers).allows(3)
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
