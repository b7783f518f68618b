//! Requests and answers as the providers see them.

use bytes::Bytes;
use http::header;
use http_body_util::Full;
use serde_json::Value;

use super::State;

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Request {
    /// In capitals, as it is sent.
    pub method: String,
    /// Without a port.
    pub host: String,
    /// Percent-encoded as it is sent.
    pub path: String,
    /// Without `?`.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
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

/// Reads a request, and writes what the providers answer.
pub(super) async fn handle(state: &State, request: http::Request<Bytes>) -> http::Response<Full<Bytes>> {
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
        body: body.to_vec(),
    };
    let answer = state.answer(request).await;
    let mut response =
        http::Response::builder().status(answer.status).header(header::CONTENT_TYPE, answer.content_type);
    if let Some(location) = answer.location {
        response = response.header(header::LOCATION, location);
    }
    response.body(Full::from(answer.body)).unwrap()
}
