//! Finds the API key of a request.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use integrations_core::api_key;

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
///
/// A proxy may add credentials of its own, such as `Authorization: Basic` or a token. Beside one of our keys, whatever
/// does not begin as they do is ignored. Two different keys are malformed, because it is not clear which is meant.
pub(super) fn presented_key(headers: &HeaderMap) -> Result<Option<&str>, KeyRefusal> {
    let plain = headers.get_all(&X_API_KEY).iter().map(|value| text(value).trim());
    let bearer = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer_token(text(value)));
    let mut found: Option<&str> = None;
    for presented in plain.chain(bearer) {
        match found {
            Some(other) if other != presented && is_ours(other) && is_ours(presented) => {
                return Err(KeyRefusal::Malformed);
            }
            Some(other) if is_ours(other) || !is_ours(presented) => {}
            _ => found = Some(presented),
        }
    }
    Ok(found)
}

/// A header's value. One that is not text is like one that is empty: no key.
fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    // GitHub's own clients call it `token`. Through the proxy they send our keys.
    let is_token = scheme.eq_ignore_ascii_case("token") && is_ours(token);
    (is_token || scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}

fn is_ours(presented: &str) -> bool {
    presented.starts_with(api_key::PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASIC: (&str, &str) = ("authorization", "Basic cmlxOmE=");
    const JWT: (&str, &str) = ("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln");

    fn presented(headers: &[(&'static str, &'static str)]) -> Result<Option<String>, KeyRefusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        presented_key(&map).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn a_key_is_read_from_either_header() {
        for headers in [
            &[("x-api-key", "riq_a")][..],
            &[("x-api-key", " riq_a ")],
            &[("authorization", "Bearer riq_a")],
            &[("authorization", "bearer  riq_a ")],
            &[("authorization", "token riq_a")],
            &[("x-api-key", "riq_a"), ("authorization", "Bearer riq_a")],
            &[("x-api-key", "riq_a"), ("x-api-key", "riq_a")],
        ] {
            assert_eq!(presented(headers), Ok(Some("riq_a".into())), "{headers:?}");
        }
    }

    #[test]
    fn credentials_of_proxies_beside_a_key_are_ignored() {
        let key = ("x-api-key", "riq_a");
        let bearer = ("authorization", "Bearer riq_a");
        for headers in [
            &[key, BASIC][..],
            &[key, JWT],
            &[key, BASIC, JWT],
            &[key, ("authorization", "Negotiate")],
            &[key, ("authorization", "Bearer")],
            &[key, ("authorization", "Bearer ")],
            &[key, ("authorization", "")],
            &[BASIC, bearer],
            &[JWT, bearer],
            &[bearer, ("x-api-key", "the-gateway's")],
            &[bearer, ("x-api-key", "")],
            &[("x-api-key", "the-gateway's"), key],
        ] {
            assert_eq!(presented(headers), Ok(Some("riq_a".into())), "{headers:?}");
        }
    }

    #[test]
    fn an_opaque_value_is_no_key() {
        let mut map = HeaderMap::new();
        map.append(header::AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").unwrap());
        assert_eq!(presented_key(&map), Ok(None));
        map.append(X_API_KEY, HeaderValue::from_static("riq_a"));
        assert_eq!(presented_key(&map), Ok(Some("riq_a")));
    }

    #[test]
    fn two_keys_are_malformed() {
        for headers in [
            [("x-api-key", "riq_a"), ("authorization", "Bearer riq_b")],
            [("x-api-key", "riq_a"), ("x-api-key", "riq_b")],
            [("authorization", "Bearer riq_a"), ("authorization", "Bearer riq_b")],
        ] {
            assert_eq!(presented(&headers), Err(KeyRefusal::Malformed), "{headers:?}");
        }
    }

    #[test]
    fn what_is_no_key_of_ours_is_presented_as_it_is_and_other_schemes_are_none() {
        assert_eq!(presented(&[]), Ok(None));
        assert_eq!(presented(&[BASIC]), Ok(None));
        assert_eq!(presented(&[("authorization", "riq_a")]), Ok(None));
        assert_eq!(presented(&[("authorization", "token ghp_a")]), Ok(None));
        assert_eq!(presented(&[("x-api-key", "sk_a")]), Ok(Some("sk_a".into())));
        assert_eq!(presented(&[("authorization", "Bearer sk_a")]), Ok(Some("sk_a".into())));
    }
}
