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
use http::{HeaderMap, HeaderValue, Request, header};
use integrations_core::error::ErrorCode;
use time::OffsetDateTime;
use tower::{ServiceExt as _, util::MapRequestLayer};
use tracing::{Instrument as _, Span};
use url::Url;

use super::{
    accept, access_log,
    audience::{Audience, use_one_base_path},
    client_address::{Peer, client_address},
    failure::Failure,
    found_route::{self, FoundRoute},
    headers,
    identity::{Identity, presented_key},
    rate_limit::{PartitionKey, Quota, RateLimiter},
    request_id::{self, CurrentRequest},
    request_span,
    settings::HttpSettings,
};
use crate::{
    environment::Environment,
    metrics::Metrics,
    services::api_keys::{ApiKeys, Recalled},
};

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
        Self { parts, router }
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
        let started = Instant::now();
        let address = client_address(peer.ip(), request.headers(), &self.parts.settings.trusted_proxies);
        let audience = Audience::of(request.uri().path());
        let identity = if audience.sends_api_keys() {
            self.identify(request.headers(), address).await
        } else {
            Identity::Anonymous
        };
        let quota = self.limit(&identity, address, audience).await;
        let (method, uri, found) = (request.method().clone(), request.uri().clone(), FoundRoute::default());

        let mut response = match &identity {
            _ if !quota.allowed => {
                rate_limited(&quota, self.parts.environment.now().unix_timestamp()).into_response()
            }
            // A request with a refused key does not reach a route.
            Identity::Refused(refusal) if audience.needs_good_key() => {
                Failure::from(*refusal).into_response()
            }
            _ => {
                let extensions = request.extensions_mut();
                extensions.insert(CurrentRequest(Arc::clone(&request_id)));
                extensions.insert(identity.clone());
                extensions.insert(Peer(peer.ip()));
                extensions.insert(found.clone());
                self.route(request, audience).await
            }
        };
        self.envelop(&mut response, &request_id, audience);
        headers::set(response.headers_mut(), &request_id, &identity, &quota);
        let took = started.elapsed();
        self.parts.metrics.request(Some(&method), found.pattern(), response.status(), took);
        request_span::end(span, &method, &found, response.status());
        access_log::write(&method, &uri, &response, &identity, &request_id, took);
        response
    }

    /// The whole response, as bytes, to input that could not be parsed as a request.
    pub fn answer_garbage(&self, status: u16, peer: SocketAddr) -> Vec<u8> {
        let started = Instant::now();
        let request_id = request_id::fresh(&self.parts.environment);
        let (key, limit) = (PartitionKey::address(peer.ip()), self.parts.settings.anonymous_limit);
        let now = self.parts.environment.now().unix_timestamp();
        let quota = self.parts.limiter.check_here(key, limit, now);
        let error = match status {
            431 => {
                Failure::new(ErrorCode::HeadersTooLarge, "The request's head is larger than the server reads")
            }
            414 => {
                Failure::new(ErrorCode::BadRequest, "The request's target is longer than the server reads")
            }
            _ => Failure::new(ErrorCode::BadRequest, "The request is not HTTP/1.1"),
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
        headers::set(&mut headers, &request_id, &Identity::Anonymous, &quota);
        for (name, value) in &headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        self.parts.metrics.request(None, None, status, started.elapsed());
        tracing::info!(status = status.as_u16(), request_id = &*request_id, "not a request");
        [head, b"\r\n".to_vec(), body].concat()
    }

    async fn route(&self, mut request: Request<Body>, audience: Audience) -> Response {
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
    /// limit, for example with bad keys, gets no more queries.
    async fn identify(&self, headers: &HeaderMap, address: IpAddr) -> Identity {
        let key = match presented_key(headers) {
            Ok(Some(key)) => key,
            Ok(None) => return Identity::Anonymous,
            Err(refusal) => return Identity::Refused(refusal),
        };
        let now = self.parts.environment.now();
        let answer = match self.parts.api_keys.recall(key, now) {
            Recalled::Answer(answer) => answer,
            Recalled::MustLookUp(_) if self.is_exhausted(address, now).await => return Identity::Anonymous,
            Recalled::MustLookUp(hash) => match self.parts.api_keys.look_up(hash, now).await {
                Ok(answer) => answer,
                Err(error) => return Identity::Unverified(error.into()),
            },
        };
        answer.map_or_else(Identity::Refused, Identity::Caller)
    }

    async fn is_exhausted(&self, address: IpAddr, now: OffsetDateTime) -> bool {
        let limit = self.parts.settings.anonymous_limit;
        !self.parts.limiter.look(PartitionKey::address(address), limit, now.unix_timestamp()).await.allowed
    }

    async fn limit(&self, identity: &Identity, address: IpAddr, audience: Audience) -> Quota {
        let now = self.parts.environment.now().unix_timestamp();
        let (limiter, address) = (&self.parts.limiter, PartitionKey::address(address));
        let anonymous = self.parts.settings.anonymous_limit;
        if audience.is_never_limited() {
            return Quota { allowed: true, ..limiter.check_here(address, anonymous, now) };
        }
        match identity {
            Identity::Caller(caller) => {
                limiter.check(PartitionKey::ApiKey(caller.key), caller.tier.limit(), now).await
            }
            // The key may be good, so the request is not counted: an address should not be shut out because the
            // database was away.
            Identity::Unverified(_) => limiter.look(address, anonymous, now).await,
            Identity::Anonymous | Identity::Refused(_) => limiter.check(address, anonymous, now).await,
        }
    }
}

fn rate_limited(quota: &Quota, now: i64) -> Failure {
    let wait = u32::try_from((quota.reset - now).max(1)).unwrap_or(u32::MAX);
    let message = format!("More than {} requests in a minute; wait {wait} s", quota.limit);
    Failure { retry_after: Some(wait), ..Failure::new(ErrorCode::RateLimited, message) }
}

/// Whether an error already has its body: the envelope or a page.
fn is_written(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    media.starts_with(b"application/json") || media.starts_with(b"text/html")
}
