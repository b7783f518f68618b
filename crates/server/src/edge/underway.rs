//! A request under way. It is counted and logged once: with its answer, or when its client leaves without one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, Request, StatusCode, Uri};
use integrations_core::ids::ApiKeyId;
use tracing::Span;

use super::{
    access_log::{AccessLog, Line},
    audience::Audience,
    found_route::FoundRoute,
    identity::Identity,
    request_span,
};
use crate::metrics::Metrics;

/// The status of requests whose connection ended before the answer. It is nginx's; no client sees it.
const CLIENT_LEFT: u16 = 499;

/// What the log shows of a path that is secret.
const HIDDEN_PATH: &str = "/hooks/…";

/// A request under way.
#[derive(Debug)]
pub(super) struct Underway<'a> {
    metrics: &'a Metrics,
    log: &'a AccessLog,
    span: &'a Span,
    started: Instant,
    method: Method,
    uri: Uri,
    audience: Audience,
    request_id: Arc<str>,
    found: FoundRoute,
    key: Option<ApiKeyId>,
    is_answered: bool,
}

impl<'a> Underway<'a> {
    /// A request that began now.
    pub(super) fn begin<B>(
        request: &Request<B>,
        audience: Audience,
        request_id: Arc<str>,
        span: &'a Span,
        (metrics, log): (&'a Metrics, &'a AccessLog),
    ) -> Self {
        Self {
            metrics,
            log,
            span,
            started: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            audience,
            request_id,
            found: FoundRoute::default(),
            key: None,
            is_answered: false,
        }
    }

    /// Notes who sent it.
    pub(super) fn is_from(&mut self, identity: &Identity) {
        if let Identity::Caller(caller) = identity {
            self.key = Some(caller.key);
        }
    }

    /// Where the router notes the route.
    pub(super) fn found(&self) -> FoundRoute {
        self.found.clone()
    }

    /// Its answer is there.
    pub(super) fn end(mut self, status: StatusCode) {
        self.is_answered = true;
        self.record(status);
    }

    fn record(&self, status: StatusCode) {
        let took: Duration = self.started.elapsed();
        self.metrics.request(Some(&self.method), self.found.pattern(), status, took);
        request_span::end(self.span, &self.method, &self.found, status);
        self.log.request(&Line {
            method: &self.method,
            path: if self.audience.has_secret_path() { HIDDEN_PATH } else { self.uri.path() },
            status,
            key: self.key,
            request_id: &self.request_id,
            took,
            is_never_limited: self.audience.is_never_limited(),
        });
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.record(StatusCode::from_u16(CLIENT_LEFT).unwrap_or(StatusCode::REQUEST_TIMEOUT));
        }
    }
}
