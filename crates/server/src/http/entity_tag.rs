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

/// The versions that `If-Match` names. A tag that [`entity_tag`] would not write names none.
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

/// What proxies put behind a tag when they compress the answer, such as Apache's `DeflateAlterETag AddSuffix` and
/// Caddy's `encode`.
const CODINGS: [&str; 4] = ["-gzip", "-br", "-zstd", "-deflate"];

/// The version that a tag names, as we wrote it or as a proxy changed it when it compressed the answer: nginx makes the
/// tag weak, others put the coding behind it. By RFC 9110, section 13.1.1, a weak tag never matches `If-Match`, because
/// it says nothing about single bytes. A version of ours says what is stored, whatever the bytes of an answer, so it
/// matches here.
fn version(tag: &str) -> Option<i64> {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let ours = CODINGS.iter().find_map(|coding| opaque.strip_suffix(coding)).unwrap_or(opaque);
    let version = ours.strip_prefix('v')?.parse().ok()?;
    (ours == format!("v{version}")).then_some(version)
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
        for value in [
            "\"v3\"",
            " \"v3\" ",
            "W/\"v3\"",
            "W/\"v3-gzip\"",
            "\"v3-gzip\"",
            "\"v3-br\"",
            "\"v3-zstd\"",
            "W/\"x\", \"v3\"",
        ] {
            assert_eq!(expected(value), ExpectedVersion::OneOf(vec![3]), "{value}");
        }
        assert_eq!(expected("W/\"v2\", \"v33\""), ExpectedVersion::OneOf(vec![2, 33]));
        for value in [
            "v3",
            "W/v3",
            "w/\"v3\"",
            "W/W/\"v3\"",
            "",
            "\"\"",
            "\"v03\"",
            "\"v+3\"",
            "\"3\"",
            "\"v3",
            "\"v3-\"",
            "\"v3-gzip-gzip\"",
            "\"-gzip\"",
        ] {
            assert_eq!(expected(value), ExpectedVersion::OneOf(vec![]), "{value}");
        }
        assert_eq!(expected_version(&HeaderMap::new()), ExpectedVersion::Any);
    }
}
