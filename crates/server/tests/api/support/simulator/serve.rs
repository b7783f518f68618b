//! HTTP/1.1 over TLS on one socket, for every host.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::State;
use crate::support::certificates::Certificate;

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    /// Without `?`.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The query's parameters.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        pairs(self.query.as_bytes())
    }
}

/// Form-encoded pairs.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// What is answered.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Response {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/json; charset=utf-8",
            location: None,
            body: body.to_string(),
        }
    }

    pub(super) fn page(status: u16, body: String) -> Self {
        Self { status, content_type: "text/html; charset=utf-8", location: None, body }
    }

    pub(super) fn redirect(location: String) -> Self {
        Self { status: 302, content_type: "text/plain", location: Some(location), body: String::new() }
    }
}

/// Accepts connections for ever.
pub(super) async fn serve(listener: TcpListener, certificate: Certificate, state: Arc<State>) {
    let acceptor = certificate.acceptor();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&state)));
    }
}

/// Serves one connection. How it ends is the client's business.
async fn connection(acceptor: TlsAcceptor, stream: TcpStream, state: Arc<State>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { handle(&state, request).await }
    });
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn handle(
    state: &State,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = head.headers.get(header::HOST).map(text).unwrap_or_default();
    let request = Request {
        method: head.method.to_string(),
        // The port is the simulator's; the providers have none.
        host: host.split(':').next().unwrap_or_default().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.collect().await?.to_bytes().to_vec(),
    };
    let answer = state.answer(request).await;
    let mut response =
        http::Response::builder().status(answer.status).header(header::CONTENT_TYPE, answer.content_type);
    if let Some(location) = answer.location {
        response = response.header(header::LOCATION, location);
    }
    Ok(response.body(Full::from(answer.body)).unwrap())
}
