//! What happens to every request before its route, and to every response after it.
//!
//! Before: request id, client address, API key, rate limit. After: the error envelope, the headers of every response,
//! one line in the log. It is one function and not a stack of layers, because each layer costs a boxed future and all
//! steps need the same few values.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use integrations_core::{api_key::KeyHash, error::ErrorCode};
use tower::{ServiceExt as _, util::MapRequestLayer};
use tracing::{Instrument as _, Span};
use url::Url;

use super::{
    accept,
    access_log::AccessLog,
    audience::{Audience, use_one_base_path},
    client_address::{ClientAddress, Peer, client_address},
    compression,
    connections::{Admitted, Connections, paced_io::Pace},
    cross_origin::CrossOrigin,
    failure::Failure,
    found_route, headers, host,
    identity::{Identity, presented_key},
    metrics_token,
    rate_limit::{PartitionKey, Quota, RateLimiter},
    request_id::{self, CurrentRequest},
    request_span,
    settings::HttpSettings,
    underway::Underway,
};
use crate::{
    environment::Environment,
    metrics::Metrics,
    services::api_keys::{ApiKeys, Recalled},
};

/// How many keys are looked up in a minute for an address that has used up its limit, if they are not on the list of
/// those that exist. They may be new.
const LOOKUPS_BEYOND_LIMIT: u32 = 20;
/// The longest path and query that is read, in bytes. RFC 9110, section 4.1 recommends at least 8000.
const URI_LIMIT: usize = 8 * 1024;

/// Makes the page that shows a failure to a person, from the server's public URL, the failure and the request's id.
pub type FailurePage = fn(&Url, &Failure, &str) -> Response;

/// What the edge uses.
#[derive(Debug)]
pub struct EdgeParts {
    /// Finds callers by their keys.
    pub api_keys: Arc<ApiKeys>,
    /// Counts requests.
    pub limiter: Arc<RateLimiter>,
    /// Counts and measures requests.
    pub metrics: Metrics,
    /// Clock and randomness.
    pub environment: Environment,
    /// How the server answers.
    pub settings: Arc<HttpSettings>,
    /// Shows a person what went wrong.
    pub failure_page: FailurePage,
}

/// The outermost part of the server: it answers every request.
#[derive(Debug)]
pub struct Edge {
    parts: EdgeParts,
    router: Router,
    connections: Arc<Connections>,
    log: AccessLog,
}

impl Edge {
    /// Puts the edge around routes.
    pub fn new(parts: EdgeParts, routes: Router) -> Self {
        let router = routes
            .fallback(async || Failure::new(ErrorCode::ResourceNotFound, "There is nothing at this address"))
            .method_not_allowed_fallback(async || {
                Failure::new(
                    ErrorCode::MethodNotAllowed,
                    "The route does not have this method; Allow names those it has",
                )
            })
            .layer(MapRequestLayer::new(found_route::note));
        let connections = Arc::new(Connections::new(parts.settings.connections, parts.metrics.clone()));
        Self { parts, router, connections, log: AccessLog::new() }
    }

    /// Counts a new connection. `None` if there is no room for it.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Admitted> {
        let is_proxy = self.parts.settings.trusted_proxies.as_ref().is_some_and(|all| all.contain(peer));
        self.connections.admit(peer, is_proxy)
    }

    /// What is asked of clients that take their answers.
    pub(super) fn pace(&self) -> Pace {
        Pace { patience: self.parts.settings.write_patience, metrics: self.parts.metrics.clone() }
    }

    /// Answers a request. Never fails, never panics.
    pub async fn answer(&self, request: Request<Body>, peer: SocketAddr) -> Response {
        let request_id = request_id::of(request.headers(), &self.parts.environment);
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
        let settings = &self.parts.settings;
        let audience = Audience::of(request.uri().path());
        let counters = (&self.parts.metrics, &self.log);
        let mut underway = Underway::begin(&request, audience, Arc::clone(&request_id), span, counters);
        let address = client_address(peer.ip(), request.headers(), settings.trusted_proxies.as_ref());
        let identity = if audience.sends_api_keys() {
            self.identify(request.headers(), address).await
        } else {
            Identity::Anonymous
        };
        underway.is_from(&identity);
        let presents_token = metrics_token::is_presented(audience, request.headers());
        let (limiter, second) = (&self.parts.limiter, self.steady_second());
        let refused_token =
            if presents_token { metrics_token::refusal(limiter, address, second) } else { None };
        let quota = self.told(match refused_token {
            Some(refusal) => refusal,
            None => self.limit(&identity, address, audience).await,
        });
        let now = self.parts.environment.now().unix_timestamp();
        let cross_origin = CrossOrigin::of(&request, audience, &settings.cors_origins);
        let accepted_encoding = request.headers().get(header::ACCEPT_ENCODING).cloned();
        let host = host::check(&request, audience, &settings.known_hosts, &settings.public_url);

        let mut response = match (&identity, host) {
            _ if !quota.allowed => rate_limited(&quota, now).into_response(),
            (_, Err(refusal)) => refusal.into_response(),
            _ if cross_origin.is_preflight() => CrossOrigin::permit(),
            // A request with a refused key does not reach a route.
            (Identity::Refused(refusal), _) if audience.needs_good_key() => {
                Failure::from(*refusal).into_response()
            }
            _ => {
                let extensions = request.extensions_mut();
                extensions.insert(CurrentRequest(Arc::clone(&request_id)));
                extensions.insert(identity.clone());
                extensions.insert(Peer(peer.ip()));
                extensions.insert(ClientAddress(address));
                extensions.insert(underway.found());
                self.route(request, audience).await
            }
        };
        if presents_token && response.status() == StatusCode::UNAUTHORIZED {
            metrics_token::count_wrong(limiter, address, second);
        }
        self.envelop(&mut response, &request_id, audience);
        // A provider's answer is handed on as it is.
        let mut response = match audience {
            Audience::Proxied => response,
            _ => compression::compress(response, accepted_encoding, audience).await,
        };
        cross_origin.mark(response.headers_mut());
        headers::set(response.headers_mut(), settings, &request_id, &identity, &quota);
        underway.end(response.status());
        response
    }

    /// The whole response, as bytes, to input that could not be parsed as a request.
    pub fn answer_garbage(&self, status: u16, peer: SocketAddr) -> Vec<u8> {
        self.answer_bare(
            &match status {
                431 => Failure::new(
                    ErrorCode::HeadersTooLarge,
                    "The request's head is larger than the server reads",
                ),
                414 => uri_too_long(),
                _ => Failure::new(ErrorCode::BadRequest, "The request is not HTTP/1.1"),
            },
            peer,
        )
    }

    /// The whole response, as bytes, to a connection that there is no room for.
    pub(super) fn answer_to_one_too_many(&self, peer: SocketAddr) -> Vec<u8> {
        self.answer_bare(
            &Failure::unavailable("There are too many connections for the moment; try again"),
            peer,
        )
    }

    fn answer_bare(&self, error: &Failure, peer: SocketAddr) -> Vec<u8> {
        let started = Instant::now();
        let request_id = request_id::fresh(&self.parts.environment);
        let (key, limit) = (PartitionKey::address(peer.ip()), self.parts.settings.anonymous_limit);
        let quota = self.told(self.parts.limiter.check_here(key, limit, self.steady_second()));
        let (status, body) = (error.status(), error.body(&request_id));
        let mut rendered = error.render(&request_id);
        let headers = rendered.headers_mut();
        headers::set(headers, &self.parts.settings, &request_id, &Identity::Anonymous, &quota);
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let reason = status.canonical_reason().unwrap_or_default();
        let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
        for (name, value) in &*headers {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        self.parts.metrics.request(None, None, status, started.elapsed());
        self.log.garbage(status, &request_id);
        [bytes, b"\r\n".to_vec(), body].concat()
    }

    async fn route(&self, mut request: Request<Body>, audience: Audience) -> Response {
        let length = request.uri().path_and_query().map_or(0, |whole| whole.as_str().len());
        // A provider's redirect back has a code of any length, and must use up its state.
        if length > URI_LIMIT && audience != Audience::Person {
            return uri_too_long().into_response();
        }
        use_one_base_path(request.uri_mut());
        if let Err(error) = accept::check(audience, request.headers()) {
            return error.into_response();
        }
        let answer = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.parts.settings.request_timeout, answer).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_panic)) => Failure::internal(&"a handler panicked").into_response(),
            Err(_elapsed) => {
                Failure::unavailable("The server took too long; a change may or may not have been made")
                    .into_response()
            }
        }
    }

    /// Writes the body of an error: one of ours, which a handler left in the extensions, or one that a library answered
    /// as plain text. For a person it is a page.
    fn envelop(&self, response: &mut Response, request_id: &str, audience: Audience) {
        let status = response.status();
        let error = match response.extensions_mut().remove::<Box<Failure>>() {
            Some(error) => *error,
            None if response.headers().contains_key(headers::ANSWERED_BY) || audience.reads_no_errors() => {
                return;
            }
            None if (status.is_client_error() || status.is_server_error())
                && !is_written(response.headers()) =>
            {
                Failure::from_status(status)
            }
            None => return,
        };
        let mut rendered = match audience {
            Audience::Person => {
                (self.parts.failure_page)(&self.parts.settings.public_url, &error, request_id)
            }
            _ => error.render(request_id),
        };
        if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
            rendered.headers_mut().insert(header::ALLOW, allow);
        }
        *response = rendered;
    }

    /// Finds out who sends the request. A key that is not cached costs a query. A client whose address has reached its
    /// limit, for example with bad keys, gets only queries for keys that exist, and a few for those that may have been
    /// made a moment ago.
    async fn identify(&self, headers: &HeaderMap, address: IpAddr) -> Identity {
        let key = match presented_key(headers) {
            Ok(Some(key)) => key,
            Ok(None) => return Identity::Anonymous,
            Err(refusal) => return Identity::Refused(refusal),
        };
        let now = self.parts.environment.now();
        let answer = match self.parts.api_keys.recall(key, now) {
            Recalled::Answer(answer) => answer,
            Recalled::MustLookUp(hash) if !self.may_look_up(&hash, address).await => {
                return Identity::Anonymous;
            }
            Recalled::MustLookUp(hash) => match self.parts.api_keys.look_up(hash, now).await {
                Ok(answer) => answer,
                Err(error) => return Identity::Unverified(error.into()),
            },
        };
        answer.map_or_else(Identity::Refused, Identity::Caller)
    }

    async fn may_look_up(&self, hash: &KeyHash, address: IpAddr) -> bool {
        if self.parts.api_keys.may_exist(hash) {
            return true;
        }
        let (limiter, limit, now) =
            (&self.parts.limiter, self.parts.settings.anonymous_limit, self.steady_second());
        limiter.look(PartitionKey::address(address), limit, now).await.allowed
            || limiter.check_here(PartitionKey::lookups(address), LOOKUPS_BEYOND_LIMIT, now).allowed
    }

    /// The second in which a request counts. No setting of the clock moves it.
    fn steady_second(&self) -> i64 {
        self.parts.environment.steady().unix_timestamp()
    }

    /// A quota as a client is told it: with its reset by the clock on the wall.
    fn told(&self, quota: Quota) -> Quota {
        let set_by = self.parts.environment.now() - self.parts.environment.steady();
        Quota { reset: quota.reset + set_by.whole_seconds(), ..quota }
    }

    async fn limit(&self, identity: &Identity, address: IpAddr, audience: Audience) -> Quota {
        let now = self.steady_second();
        let (limiter, address) = (&self.parts.limiter, PartitionKey::address(address));
        let anonymous = self.parts.settings.anonymous_limit;
        if audience.is_limited_by_its_route() {
            return Quota { allowed: true, ..limiter.look_here(address, anonymous, now) };
        }
        if audience.is_never_limited() {
            return Quota { allowed: true, ..limiter.check_here(address, anonymous, now) };
        }
        match identity {
            Identity::Caller(caller) => {
                limiter.check(PartitionKey::ApiKey(caller.key), caller.tier.limit(), now).await
            }
            // The key may be good, so the request is neither counted nor refused for its address: an address should
            // not be shut out because the database was away.
            Identity::Unverified(_) if audience.needs_good_key() => {
                Quota { allowed: true, ..limiter.look(address, anonymous, now).await }
            }
            Identity::Unverified(_) => limiter.look(address, anonymous, now).await,
            Identity::Anonymous | Identity::Refused(_) => limiter.check(address, anonymous, now).await,
        }
    }
}

/// The refusal of a request beyond its limit. `now` is by the clock of the quota.
pub(super) fn rate_limited(quota: &Quota, now: i64) -> Failure {
    let wait = u32::try_from((quota.reset - now).max(1)).unwrap_or(u32::MAX);
    let message = format!("More than {} requests in a minute; wait {wait} s", quota.limit);
    Failure { retry_after: Some(wait), ..Failure::new(ErrorCode::RateLimited, message) }
}

fn uri_too_long() -> Failure {
    let message = format!("The address has more than the {URI_LIMIT} bytes that the server reads");
    Failure::new(ErrorCode::UriTooLong, message)
}

/// Whether an error already has its body: the envelope or a page.
fn is_written(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    media.starts_with(b"application/json") || media.starts_with(b"text/html")
}
