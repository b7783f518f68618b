//! Entity tags of stored versions, and the versions that `If-Match` names (RFC 9110, sections 8.8.3 and 13.1.1).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

use crate::services::integrations::ExpectedVersion;

/// The entity tag of a stored version, quotes included: `"v3"`.
pub(super) fn entity_tag(version: i64) -> String {
    format!("\"v{version}\"")
}

impl<S: Sync> FromRequestParts<S> for ExpectedVersion {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(expected_version(&parts.headers))
    }
}

/// The versions that `If-Match` names. The comparison is strong: a weak tag (`W/…`) names none, and neither does any
/// tag that [`entity_tag`] would not write.
fn expected_version(headers: &HeaderMap) -> ExpectedVersion {
    if !headers.contains_key(header::IF_MATCH) {
        return ExpectedVersion::Any;
    }
    let values = headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str().unwrap_or_default());
    let tags: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    if tags.contains(&"*") {
        return ExpectedVersion::Any;
    }
    ExpectedVersion::OneOf(tags.into_iter().filter_map(version).collect())
}

fn version(tag: &str) -> Option<i64> {
    let version = tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok()?;
    (entity_tag(version) == tag).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_versions() {
        let expected = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            expected_version(&headers)
        };
        assert_eq!(expected("*"), ExpectedVersion::Any);
        for value in ["\"v3\"", " \"v3\" ", "W/\"v4\", \"v3\""] {
            assert_eq!(expected(value), ExpectedVersion::OneOf(vec![3]), "{value}");
        }
        assert_eq!(expected("\"v2\", \"v33\""), ExpectedVersion::OneOf(vec![2, 33]));
        for value in ["v3", "W/\"v3\"", "", "\"\"", "\"v03\"", "\"v+3\"", "\"3\"", "\"v3"] {
            assert_eq!(expected(value), ExpectedVersion::OneOf(vec![]), "{value}");
        }
        assert_eq!(expected_version(&HeaderMap::new()), ExpectedVersion::Any);
    }
}
