//! What every request passes on its way in and every response on its way out.
//!
//! In: request id, client address, API key, rate limit. Out: the error envelope, the headers that every response
//! carries, one line of log. One function rather than a stack of layers: each layer costs a boxed future, and
//! they all need the same few values.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use integrations_core::{error::ErrorCode, ids::RequestId};
use time::OffsetDateTime;
use tower::ServiceExt as _;
use tracing::{Instrument as _, Span};

use super::{
    accept,
    client_address::client_address,
    error::ApiError,
    found_route::FoundRoute,
    rate_limit::{Subject, Verdict},
    request_span,
    state::App,
};
use crate::{
    api_keys::{Caller, KeyRefusal, Recalled},
    dashboard,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const TIER: HeaderName = HeaderName::from_static("x-ratelimit-tier");
/// How the paths of the routes that ask for a key begin, as the specification has them and under the other base path
/// that clients use.
const KEYED: [&str; 2] = ["/api/v1/projects/", "/v1/projects/"];
/// What Prometheus asks for.
const METRICS: &str = "/metrics";
/// The longest request id that is kept when a client sends one.
const MAX_REQUEST_ID: usize = 128;

/// The id of the request that is being answered, in its extensions.
#[derive(Clone, Debug)]
pub struct CurrentRequest(pub Arc<str>);

/// The other end of the connection, in the request's extensions: the client, or the nearest proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Who sends the request, in its extensions.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Nobody who says so.
    Anonymous,
    /// A caller with a good key.
    Caller(Arc<Caller>),
    /// Somebody with a key that is refused.
    Refused(KeyRefusal),
    /// Somebody whose key cannot be looked up for the moment.
    Unverified(ApiError),
}

/// The outermost part of the server.
#[derive(Clone, Debug)]
pub struct Edge {
    app: App,
    router: Router,
}

impl Edge {
    /// Puts the edge around a router.
    pub fn new(app: App, router: Router) -> Self {
        Self { app, router }
    }

    /// Answers a request. Never fails, never panics.
    pub async fn answer(&self, request: Request<Body>, peer: SocketAddr) -> Response {
        let request_id = self.request_id(request.headers());
        let span = request_span::begin(&request, &request_id);
        self.answer_as(request, peer, request_id, &span).instrument(span.clone()).await
    }

    async fn answer_as(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        request_id: Arc<str>,
        span: &Span,
    ) -> Response {
        let started = Instant::now();
        let address = client_address(peer.ip(), request.headers(), &self.app.settings.trusted_proxies);
        let identity = match request.uri().path() {
            // It has a token of its own, which is no API key.
            METRICS => Identity::Anonymous,
            _ => self.identify(request.headers(), address).await,
        };
        let verdict = self.limit(&identity, address, request.uri()).await;
        let (method, uri, found) = (request.method().clone(), request.uri().clone(), FoundRoute::default());

        let mut response = match &identity {
            _ if !verdict.allowed => {
                rate_limited(&verdict, self.app.environment.now().unix_timestamp()).into_response()
            }
            // Whatever is behind it, a key that is refused does not reach it.
            Identity::Refused(refusal) if KEYED.iter().any(|base| uri.path().starts_with(base)) => {
                ApiError::from(*refusal).into_response()
            }
            _ => {
                let extensions = request.extensions_mut();
                extensions.insert(CurrentRequest(Arc::clone(&request_id)));
                extensions.insert(identity.clone());
                extensions.insert(Peer(peer.ip()));
                extensions.insert(found.clone());
                self.route(request).await
            }
        };
        self.envelop(&mut response, &request_id, uri.path());
        set_headers(response.headers_mut(), &request_id, &identity, &verdict);
        let took = started.elapsed();
        self.app.metrics.request(Some(&method), found.pattern(), response.status(), took);
        request_span::end(span, &method, &found, response.status());
        log(&method, &uri, &response, &identity, &request_id, took);
        response
    }

    /// The whole response to something that could not be parsed as a request, in bytes as they go out.
    pub fn answer_garbage(&self, status: u16, peer: SocketAddr) -> Vec<u8> {
        let started = Instant::now();
        let request_id = self.fresh_request_id();
        let (subject, limit) = (Subject::address(peer.ip()), self.app.settings.anonymous_limit);
        let now = self.app.environment.now().unix_timestamp();
        let verdict = self.app.limiter.check_here(subject, limit, now);
        let error = match status {
            431 => ApiError::new(
                ErrorCode::HeadersTooLarge,
                "The request's head is larger than the server reads",
            ),
            414 => {
                ApiError::new(ErrorCode::BadRequest, "The request's target is longer than the server reads")
            }
            _ => ApiError::new(ErrorCode::BadRequest, "The request is not HTTP/1.1"),
        };
        let (status, body) = (error.status(), error.body(&request_id));
        let mut head = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
            body.len(),
        )
        .into_bytes();
        let mut headers = HeaderMap::new();
        set_headers(&mut headers, &request_id, &Identity::Anonymous, &verdict);
        for (name, value) in &headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        self.app.metrics.request(None, None, status, started.elapsed());
        tracing::info!(status = status.as_u16(), request_id = &*request_id, "not a request");
        [head, b"\r\n".to_vec(), body].concat()
    }

    async fn route(&self, mut request: Request<Body>) -> Response {
        use_one_base_path(request.uri_mut());
        if let Err(error) = accept::check(request.uri(), request.headers()) {
            return error.into_response();
        }
        let answer = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.app.settings.request_timeout, answer).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_panic)) => ApiError::internal(&"a handler panicked").into_response(),
            Err(_elapsed) => {
                ApiError::unavailable("The server took too long; a change may or may not have been made")
                    .into_response()
            }
        }
    }

    /// Gives an error its body: ours, which a handler left in the extensions, or one that a library answered with
    /// plain text. Where people look it is a page.
    fn envelop(&self, response: &mut Response, request_id: &str, path: &str) {
        let status = response.status();
        let error = match response.extensions_mut().remove::<Box<ApiError>>() {
            Some(error) => *error,
            None if (status.is_client_error() || status.is_server_error())
                && !is_written(response.headers()) =>
            {
                ApiError::from_status(status)
            }
            None => return,
        };
        let mut rendered = if dashboard::is_of_pages(path) {
            dashboard::failure_page(&self.app, &error, request_id)
        } else {
            error.render(request_id)
        };
        if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
            rendered.headers_mut().insert(header::ALLOW, allow);
        }
        *response = rendered;
    }

    fn request_id(&self, headers: &HeaderMap) -> Arc<str> {
        let sent = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id));
        sent.map_or_else(|| self.fresh_request_id(), Arc::from)
    }

    fn fresh_request_id(&self) -> Arc<str> {
        let id: RequestId = self.app.environment.id();
        id.to_string().into()
    }

    /// Who sends the request. A key that is not known in memory costs a look in the database; whoever has used up
    /// the limit of an address with bad keys gets no more of those.
    async fn identify(&self, headers: &HeaderMap, address: IpAddr) -> Identity {
        let key = match presented_key(headers) {
            Ok(Some(key)) => key,
            Ok(None) => return Identity::Anonymous,
            Err(refusal) => return Identity::Refused(refusal),
        };
        let now = self.app.environment.now();
        let answer = match self.app.api_keys.recall(key, now) {
            Recalled::Answer(answer) => answer,
            Recalled::MustLookUp(_) if self.is_exhausted(address, now).await => return Identity::Anonymous,
            Recalled::MustLookUp(hash) => match self.app.api_keys.look_up(hash, now).await {
                Ok(answer) => answer,
                Err(error) => return Identity::Unverified(error.into()),
            },
        };
        answer.map_or_else(Identity::Refused, Identity::Caller)
    }

    async fn is_exhausted(&self, address: IpAddr, now: OffsetDateTime) -> bool {
        let limit = self.app.settings.anonymous_limit;
        !self.app.limiter.look(Subject::address(address), limit, now.unix_timestamp()).await.allowed
    }

    async fn limit(&self, identity: &Identity, address: IpAddr, uri: &Uri) -> Verdict {
        let now = self.app.environment.now().unix_timestamp();
        let (limiter, address) = (&self.app.limiter, Subject::address(address));
        let anonymous = self.app.settings.anonymous_limit;
        // Whoever watches over the server must get an answer however often it asks, and whatever else is away.
        if matches!(uri.path(), "/healthz" | "/readyz" | METRICS) {
            return Verdict { allowed: true, ..limiter.check_here(address, anonymous, now) };
        }
        match identity {
            Identity::Caller(caller) => {
                limiter.check(Subject::Key(caller.key), caller.tier.limit(), now).await
            }
            // Its key may be good: an address is not to be shut out because the database was away.
            Identity::Unverified(_) => limiter.look(address, anonymous, now).await,
            Identity::Anonymous | Identity::Refused(_) => limiter.check(address, anonymous, now).await,
        }
    }
}

/// Turns the other base path, `/v1`, into the one that the routes have.
fn use_one_base_path(uri: &mut Uri) {
    let [base, other] = KEYED;
    let Some(rest) = uri.path_and_query().and_then(|whole| whole.as_str().strip_prefix(other)) else {
        return;
    };
    // A path that was read before, with more in front: always a path.
    if let Ok(whole) = format!("{base}{rest}").parse() {
        *uri = whole;
    }
}

/// A request id that may go into logs, headers and bodies as it is.
fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

/// The key that a request presents: `X-API-Key`, or `Authorization: Bearer` (RFC 6750, section 2.1).
fn presented_key(headers: &HeaderMap) -> Result<Option<&str>, KeyRefusal> {
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

fn rate_limited(verdict: &Verdict, now: i64) -> ApiError {
    let wait = u32::try_from((verdict.reset - now).max(1)).unwrap_or(u32::MAX);
    let message = format!("More than {} requests in a minute; wait {wait} s", verdict.limit);
    ApiError { retry_after: Some(wait), ..ApiError::new(ErrorCode::RateLimited, message) }
}

/// Whether an error has its body already: the envelope, or a page.
fn is_written(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    media.starts_with(b"application/json") || media.starts_with(b"text/html")
}

fn set_headers(headers: &mut HeaderMap, request_id: &str, identity: &Identity, verdict: &Verdict) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(LIMIT, verdict.limit.into());
    headers.insert(REMAINING, verdict.remaining.into());
    headers.insert(RESET, verdict.reset.into());
    if let Identity::Caller(caller) = identity {
        headers.insert(TIER, HeaderValue::from_static(caller.tier.as_str()));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// One line a request. The query is left out: it may hold what people typed.
fn log(
    method: &Method,
    uri: &Uri,
    response: &Response,
    identity: &Identity,
    request_id: &str,
    took: Duration,
) {
    let key = match identity {
        Identity::Caller(caller) => Some(tracing::field::display(caller.key)),
        _ => None,
    };
    tracing::info!(
        %method,
        path = uri.path(),
        status = response.status().as_u16(),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        key,
        request_id,
        "request"
    );
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn only_sane_request_ids_are_kept() {
        for id in ["a", "req_01", "7f9c:1.2-b", &"x".repeat(128)] {
            assert!(is_sane(id), "{id}");
        }
        for id in ["", "a b", "é", "a\"", "<b>", &"x".repeat(129)] {
            assert!(!is_sane(id), "{id}");
        }
    }
}
