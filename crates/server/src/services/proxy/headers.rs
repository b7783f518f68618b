//! Which headers are passed between a caller and a provider.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use integrations_core::{
    ids::{ApiKeyId, ProjectId},
    proxy::Refusal,
};
use sha2::{Digest as _, Sha256};

/// The request headers that are passed. No other is: it could choose another account or another version of the API, or
/// be believed by the provider.
/// `Range` is not, because a credential that comes back could not be found in the halves of an answer.
const PASSED: [&str; 16] = [
    "accept",
    "accept-language",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-range",
    "content-type",
    "content-digest",
    "content-md5",
    "digest",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "prefer",
    "user-agent",
];
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Headers that give a request another method, or make something else of the connection.
const REFUSED: [&str; 5] =
    ["x-http-method-override", "x-method-override", "x-http-method", "upgrade", "http2-settings"];
/// Headers that may be there once. Two of them could be read as one or as the other.
const SINGLE: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::EXPECT,
    IDEMPOTENCY_KEY,
    HeaderName::from_static("x-api-key"),
];

/// The headers of answers that stay behind: those of the connection (RFC 9110, section 7.6.1), and those by which a
/// provider would act on our address, on our clients' credentials, or on caches between us and them.
const KEPT_BACK: [&str; 28] = [
    "age",
    "alt-svc",
    "cache-control",
    "cdn-cache-control",
    "clear-site-data",
    "connection",
    "content-length",
    "content-security-policy",
    "content-security-policy-report-only",
    "expires",
    "keep-alive",
    "nel",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "refresh",
    "report-to",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "surrogate-control",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];
/// The beginning of the names of headers that open an address to pages of other origins. Ours are our own.
const CROSS_ORIGIN: &str = "access-control-";
/// Says that an answer is the provider's. Ours do not have it.
const ANSWERED_BY: &str = "x-answered-by";

/// Checks the headers of a request that a caller wrote.
pub fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    let unclear = |message: String| Err(Refusal::Unclear(message));
    for name in headers.keys() {
        if REFUSED.contains(&name.as_str()) {
            return unclear(format!("The header {name} would make another request of this one"));
        }
        if name.as_str().contains('_') {
            return unclear(format!("The header {name} has a _, which some servers read as a -"));
        }
    }
    for name in &SINGLE {
        if headers.get_all(name).iter().nth(1).is_some() {
            return unclear(format!("The header {name} is there twice"));
        }
    }
    Ok(())
}

/// The headers that are passed to the provider. An `Idempotency-Key` is bound to the caller: all callers share one
/// account at the provider, and none may meet the request of another. `versions` are those that name the version of the
/// API.
pub(super) fn passed(
    headers: &HeaderMap,
    versions: &[(String, String)],
    caller: ApiKeyId,
    project: ProjectId,
) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        if PASSED.contains(&name.as_str()) && !named.contains(name.as_str()) {
            passed.append(name.clone(), value.clone());
        }
    }
    for (name, value) in versions {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            passed.insert(name, value);
        }
    }
    if let Some(key) = headers.get(&IDEMPOTENCY_KEY)
        && let Ok(bound) = HeaderValue::from_str(&bound_key(key.as_bytes(), caller, project))
    {
        passed.insert(IDEMPOTENCY_KEY, bound);
    }
    // What is compressed could hide the credential.
    passed.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    passed
}

fn bound_key(key: &[u8], caller: ApiKeyId, project: ProjectId) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{caller} {project} "));
    hash.update(key);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The headers of an answer that are passed on, with the credential hidden by `hide`.
pub(super) fn passed_back(headers: &HeaderMap, hide: impl Fn(&str) -> String) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        let word = name.as_str();
        let stays = KEPT_BACK.contains(&word)
            || word.starts_with(CROSS_ORIGIN)
            || word == ANSWERED_BY
            || named.contains(word);
        // A value that is not text cannot be searched for the credential.
        let Some(text) = value.to_str().ok().filter(|_| !stays) else { continue };
        if let Ok(value) = HeaderValue::from_str(&hide(text)) {
            passed.append(name.clone(), value);
        }
    }
    passed.insert(HeaderName::from_static(ANSWERED_BY), HeaderValue::from_static("provider"));
    passed
}

/// The headers that are of the connection alone, because `Connection` names them.
fn named_by_connection(headers: &HeaderMap) -> BTreeSet<String> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    const CALLER: ApiKeyId = ApiKeyId::from_bits(1);
    const PROJECT: ProjectId = ProjectId::from_bits(1);

    #[test]
    fn only_known_headers_leave() {
        let given = headers(&[
            ("accept", "a/b"),
            ("accept-encoding", "gzip"),
            ("authorization", "Bearer riq_x"),
            ("connection", "close, if-match"),
            ("content-type", "a/b"),
            ("cookie", "a=b"),
            ("forwarded", "for=x"),
            ("host", "evil.test"),
            ("if-match", "x"),
            ("cal-api-version", "2024-04-15"),
            ("notion-version", "2026-01-01"),
            ("origin", "http://localhost"),
            ("referer", "http://localhost"),
            ("sec-fetch-mode", "cors"),
            ("stripe-account", "acct_1"),
            ("user-agent", "octokit"),
            ("via", "x"),
            ("x-api-key", "riq_x"),
            ("x-forwarded-host", "evil.test"),
        ]);
        let none = passed(&given, &[], CALLER, PROJECT);
        assert_eq!(names(&none), ["accept", "accept-encoding", "content-type", "user-agent"]);
        assert_eq!(none["accept-encoding"], "identity");
        // The version is that of the provider file.
        let versions = [("cal-api-version".to_owned(), "2024-08-13".to_owned())];
        let one = passed(&given, &versions, CALLER, PROJECT);
        assert_eq!(
            names(&one),
            ["accept", "accept-encoding", "cal-api-version", "content-type", "user-agent"]
        );
        assert_eq!(one["cal-api-version"], "2024-08-13");
    }

    #[test]
    fn a_key_of_idempotency_is_bound_to_its_caller() {
        let given = headers(&[("idempotency-key", "1")]);
        let key = |caller, project| passed(&given, &[], caller, project)["idempotency-key"].clone();
        let one = key(CALLER, PROJECT);
        assert_eq!((one.len(), &one), (64, &key(CALLER, PROJECT)));
        assert_ne!(one, key(ApiKeyId::from_bits(2), PROJECT));
        assert_ne!(one, key(CALLER, ProjectId::from_bits(2)));
    }

    #[test]
    fn what_makes_another_request_is_refused() {
        for wrong in [
            &[("x-http-method-override", "DELETE")][..],
            &[("x-method-override", "DELETE")],
            &[("x-http-method", "DELETE")],
            &[("upgrade", "websocket")],
            &[("http2-settings", "x")],
            &[("x_forwarded_user", "x")],
            &[("x_api_key", "riq_x")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer a")],
            &[("content-type", "a/b"), ("content-type", "c/d")],
            &[("idempotency-key", "1"), ("idempotency-key", "2")],
        ] {
            assert!(check(&headers(wrong)).is_err(), "{wrong:?}");
        }
        assert_eq!(check(&headers(&[("accept", "a/b"), ("accept", "c/d")])), Ok(()));
    }

    #[test]
    fn an_answer_keeps_what_is_for_the_caller() {
        let given = headers(&[
            ("access-control-allow-origin", "*"),
            ("connection", "x-mine"),
            ("content-type", "text/plain"),
            ("link", "</a>; rel=next"),
            ("retry-after", "3"),
            ("set-cookie", "a=b"),
            ("transfer-encoding", "chunked"),
            ("www-authenticate", "Bearer token=\"SECRET\""),
            ("x-answered-by", "riq"),
            ("x-echo", "a SECRET b"),
            ("x-mine", "1"),
        ]);
        let passed = passed_back(&given, |text| text.replace("SECRET", "*"));
        assert_eq!(names(&passed), ["content-type", "link", "retry-after", "x-answered-by", "x-echo"]);
        assert_eq!(passed["x-answered-by"], "provider");
        assert_eq!(passed["x-echo"], "a * b");
    }
}
