//! The client for requests that callers wrote, whose bodies pass in both directions as they come.
//!
//! It is hyper's own, because of its buffers: what a fast provider sends to a slow caller waits in them, and other
//! clients let them grow to half a megabyte for each connection.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use integrations_core::health::NoAnswer;
use tower::{BoxError, Service};

use super::{
    address::Allowed,
    failure::{Unanswered, reason_of},
    resolver::Resolver,
    settings::{CONNECT_TIMEOUT, OutboundError, OutboundSettings, SILENCE, USER_AGENT},
    tls::tls,
};

/// What a connection buffers in either direction, in bytes. The head of an answer must fit.
const BUFFER: usize = 32 * 1024;
/// After how much silence of a connection it is asked whether it lives, and how often, how many times.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVES: u32 = 3;
/// How long what is sent may be unacknowledged.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Parts of a body up to this size are copied, so that a short one does not keep a whole buffer in memory while its
/// receiver is slow.
const SHORT: usize = 4 * 1024;

/// The body of a request.
pub(super) type Sent = UnsyncBoxBody<Bytes, BoxError>;

/// A client that follows no redirect, sends nothing again that a provider may have received, and has no limit for a
/// whole answer. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Streaming(legacy::Client<Connector, Sent>);

impl Streaming {
    /// A client that connects so. `keeps` tells whether connections are used again.
    pub(super) fn new(connector: Connector, keeps: bool) -> Self {
        let mut client = legacy::Client::builder(TokioExecutor::new());
        client.http1_max_buf_size(BUFFER).pool_timer(TokioTimer::new());
        if !keeps {
            client.pool_max_idle_per_host(0);
        }
        Self(client.build(connector))
    }

    /// Sends a request, and returns when its answer begins.
    pub(super) async fn send(&self, mut request: Request<Sent>) -> Result<Response<Received>, Unanswered> {
        let headers = request.headers_mut();
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let answer = self.0.request(request).await.map_err(|error| Unanswered {
            why: reason_of(&error, error.is_connect()),
            is_unsent: error.is_connect(),
        })?;
        Ok(answer.map(Received))
    }
}

/// The body of an answer.
pub(super) struct Received(Incoming);

impl Received {
    /// Whether there is nothing in it, as in the answer to HEAD.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_end_stream() || self.0.size_hint().exact() == Some(0)
    }

    /// The next part. `None` at the end. Trailers are not passed on.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, NoAnswer> {
        loop {
            let frame = tokio::time::timeout(SILENCE, self.0.frame()).await;
            let Some(frame) = frame.map_err(|_| NoAnswer::TimedOut)? else { return Ok(None) };
            if let Ok(data) = frame.map_err(|error| reason_of(&error, false))?.into_data() {
                let is_short = data.len() <= SHORT;
                return Ok(Some(if is_short { Bytes::copy_from_slice(&data) } else { data }));
            }
        }
    }
}

/// Connects within a time, TLS included. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Connector(HttpsConnector<HttpConnector<Resolver>>);

impl Connector {
    /// Connects to these addresses.
    pub(super) fn new(
        settings: &OutboundSettings,
        allowed: &Allowed,
        https_only: bool,
    ) -> Result<Self, OutboundError> {
        let resolver = Resolver::new(allowed.clone(), settings.resolve.clone());
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        // A provider that is gone, or does not read, does not hold its connection for ever.
        http.set_keepalive(Some(KEEPALIVE));
        http.set_keepalive_interval(Some(KEEPALIVE));
        http.set_keepalive_retries(Some(KEEPALIVES));
        #[cfg(target_os = "linux")]
        http.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let mut tls = tls(settings.ca_certificates.as_deref())?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut https = HttpsConnector::from((http, tls));
        if https_only {
            https.enforce_https();
        }
        Ok(Self(https))
    }
}

impl Service<Uri> for Connector {
    type Response = <HttpsConnector<HttpConnector<Resolver>> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move { tokio::time::timeout(CONNECT_TIMEOUT, connecting).await? })
    }
}
