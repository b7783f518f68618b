//! The headers that every response carries.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{identity::Identity, rate_limit::Quota, request_id::X_REQUEST_ID, settings::HttpSettings};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// Says that an answer is a provider's. Ours do not have it.
pub(crate) const ANSWERED_BY: HeaderName = HeaderName::from_static("x-answered-by");
const TIER: HeaderName = HeaderName::from_static("x-ratelimit-tier");

/// For a year, browsers come back over TLS alone (RFC 6797). The host's other names are not ours to speak for.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Sets the headers. A response's own `Cache-Control` stays.
pub(super) fn set(
    headers: &mut HeaderMap,
    settings: &HttpSettings,
    request_id: &str,
    identity: &Identity,
    quota: &Quota,
) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(LIMIT, quota.limit.into());
    headers.insert(REMAINING, quota.remaining.into());
    headers.insert(RESET, quota.reset.into());
    if let Identity::Caller(caller) = identity {
        headers.insert(TIER, HeaderValue::from_static(caller.tier.as_str()));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if settings.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
}
