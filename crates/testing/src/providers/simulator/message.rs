//! Requests and answers as the providers see them.

use bytes::Bytes;
use http::header;
use http_body_util::Full;
use serde_json::Value;

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
    /// As a provider reads it.
    pub(super) fn read(request: http::Request<Bytes>) -> Self {
        let (head, body) = request.into_parts();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let host = head.headers.get(header::HOST).map(text).unwrap_or_default();
        Self {
            method: head.method.to_string(),
            // The port is the simulator's; the providers have none.
            host: host.split(':').next().unwrap_or_default().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: body.to_vec(),
        }
    }

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

    /// As it is sent.
    pub(super) fn write(self) -> http::Response<Full<Bytes>> {
        let mut response =
            http::Response::builder().status(self.status).header(header::CONTENT_TYPE, self.content_type);
        if let Some(location) = self.location {
            response = response.header(header::LOCATION, location);
        }
        response.body(Full::from(self.body)).unwrap()
    }

    pub(super) fn redirect(location: String) -> Self {
        Self { status: 302, content_type: "text/plain", location: Some(location), body: String::new() }
    }
}
