//! Finds the API key of a request.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};

use super::failure::Failure;
use crate::services::api_keys::{Caller, KeyRefusal};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who sends the request. The edge puts it into the request's extensions.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A caller without a key.
    Anonymous,
    /// A caller with a good key.
    Caller(Arc<Caller>),
    /// A caller whose key is refused.
    Refused(KeyRefusal),
    /// A caller whose key cannot be looked up for the moment.
    Unverified(Failure),
}

/// The key that a request presents: `X-API-Key`, or `Authorization: Bearer` (RFC 6750, section 2.1).
pub(super) fn presented_key(headers: &HeaderMap) -> Result<Option<&str>, KeyRefusal> {
    let single = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| KeyRefusal::Malformed),
            (Some(_), Some(_)) => Err(KeyRefusal::Malformed),
        }
    };
    let bearer = match single(&header::AUTHORIZATION)? {
        None => None,
        Some(value) => match value.split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
            _ => return Err(KeyRefusal::Malformed),
        },
    };
    match (single(&X_API_KEY)?.map(str::trim), bearer) {
        (Some(one), Some(other)) if one != other => Err(KeyRefusal::Malformed),
        (key, bearer) => Ok(key.or(bearer)),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn presented(headers: &[(&'static str, &'static str)]) -> Result<Option<String>, KeyRefusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        presented_key(&map).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn a_key_is_read_from_either_header() {
        assert_eq!(presented(&[]), Ok(None));
        assert_eq!(presented(&[("x-api-key", "riq_a")]), Ok(Some("riq_a".into())));
        assert_eq!(presented(&[("authorization", "Bearer riq_a")]), Ok(Some("riq_a".into())));
        assert_eq!(presented(&[("authorization", "bearer  riq_a ")]), Ok(Some("riq_a".into())));
        assert_eq!(
            presented(&[("x-api-key", "riq_a"), ("authorization", "Bearer riq_a")]),
            Ok(Some("riq_a".into()))
        );
    }

    #[test]
    fn an_ambiguous_or_foreign_credential_is_malformed() {
        for headers in [
            &[("x-api-key", "riq_a"), ("authorization", "Bearer riq_b")][..],
            &[("x-api-key", "riq_a"), ("x-api-key", "riq_b")],
            &[("authorization", "Basic cmlxOmE=")],
            &[("authorization", "riq_a")],
        ] {
            assert_eq!(presented(headers), Err(KeyRefusal::Malformed), "{headers:?}");
        }
    }
}
