//! Entity tags of stored versions and of fixed contents, and the conditions over them: `If-Match` and `If-None-Match`
//! (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2).

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use sha2::{Digest as _, Sha256};

use crate::{edge::failure::Failure, services::integrations::ExpectedVersion};

/// The entity tag of a stored version, quotes included: `"v3"`.
pub(super) fn entity_tag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// The entity tag of a content that is always the same, quotes included.
pub(super) fn content_tag(content: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..12]))
}

/// Whether `If-None-Match` names `tag`, so that the client has what would be answered. The comparison is weak.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let ours = tag.trim_matches('"');
    tags(headers, &header::IF_NONE_MATCH)
        .any(|known| known == "*" || as_written(known).is_some_and(|known| known.contains(&ours)))
}

/// 304: the client has what would be answered.
pub(super) fn not_modified(tag: &str) -> Result<Response, Failure> {
    let tag = HeaderValue::from_str(tag).map_err(|error| Failure::internal(&error))?;
    Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response())
}

/// Answers with a content that may be kept, or with 304 if the client has it.
pub(super) fn unless_known(
    request: &HeaderMap,
    tag: &str,
    content: impl FnOnce() -> Response,
) -> Result<Response, Failure> {
    let known = is_known(request, tag);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { content() };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(tag).map_err(|error| Failure::internal(&error))?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// The entity tags that a condition names.
fn tags<'a>(headers: &'a HeaderMap, condition: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(condition).iter().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.split(',')).map(str::trim)
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
    let tags: Vec<&str> = tags(headers, &header::IF_MATCH).collect();
    if tags.contains(&"*") {
        return ExpectedVersion::Any;
    }
    ExpectedVersion::OneOf(tags.into_iter().filter_map(version).collect())
}

/// What proxies put behind a tag when they compress the answer, such as Apache's `DeflateAlterETag AddSuffix` and
/// Caddy's `encode`.
const CODINGS: [&str; 4] = ["-gzip", "-br", "-zstd", "-deflate"];

/// What a tag may have been when we wrote it, without quotes. A proxy that compressed the answer changed it: nginx
/// makes the tag weak, others put the coding behind it. `None`: it is no entity tag.
fn as_written(tag: &str) -> Option<[&str; 2]> {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let without_coding = CODINGS.iter().find_map(|coding| opaque.strip_suffix(coding));
    Some([opaque, without_coding.unwrap_or(opaque)])
}

/// The version that a tag names. By RFC 9110, section 13.1.1, a weak tag never matches `If-Match`, because it says
/// nothing about single bytes. A version of ours says what is stored, whatever the bytes of an answer, so it matches
/// here.
fn version(tag: &str) -> Option<i64> {
    let [_, ours] = as_written(tag)?;
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

    #[test]
    fn a_known_tag_is_in_the_list_weak_or_strong() {
        let knows = |values: &[&'static str]| {
            let values = values.iter().map(|value| (header::IF_NONE_MATCH, value.parse().unwrap()));
            is_known(&values.collect(), "\"v3\"")
        };
        for values in [
            &["\"v3\""][..],
            &["W/\"v3\""],
            &["*"],
            &["\"v1\" , W/\"v3\",\"x\""],
            &["\"v1\"", "\"v3\""],
            &["\"v3-gzip\""],
            &["W/\"v3-br\""],
            &["\"v1-zstd\", \"v3-deflate\""],
        ] {
            assert!(knows(values), "{values:?}");
        }
        for values in [
            &[][..],
            &["\"v2\""],
            &["\"v2-gzip\""],
            &["v3"],
            &["v3-gzip"],
            &["w/\"v3\""],
            &["\"V3\""],
            &["W/\"v33\""],
            &["\"v3-gzip-gzip\""],
            &["\"v3-\""],
            &[""],
        ] {
            assert!(!knows(values), "{values:?}");
        }
        // A content's tag may end like a coding by chance.
        let own = HeaderMap::from_iter([(header::IF_NONE_MATCH, "W/\"abcdefgh-gzip\"".parse().unwrap())]);
        assert!(is_known(&own, "\"abcdefgh-gzip\"") && is_known(&own, "\"abcdefgh\""));
    }
}
