//! Requests and responses of the simulated providers.

use bytes::Bytes;
use http::header;
use http_body_util::Full;
use serde_json::{Map, Value};
use time::{OffsetDateTime, macros::format_description};

use crate::https;

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The host, without a port.
    pub host: String,
    /// The path, percent-encoded as it was sent.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request.
    pub(super) fn read(request: http::Request<Bytes>) -> Self {
        let (head, body) = request.into_parts();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let host = head.headers.get(header::HOST).map(text).unwrap_or_default();
        Self {
            method: head.method.to_string(),
            // Only the simulator has a port; the providers' hosts have none.
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

    /// The texts in the body, by their names: the members of a JSON object, or the fields of a form.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let members: Option<Map<String, Value>> = serde_json::from_slice(&self.body).ok();
        let Some(members) = members else { return pairs(&self.body) };
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        members.into_iter().filter_map(text).collect()
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

/// A response.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Whether the connection breaks in its place.
    pub(super) is_lost: bool,
}

impl Response {
    pub(super) fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, headers: Vec::new(), body, is_lost: false }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(super) fn page(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// The same, sent at this time by the clock of whoever sends it.
    pub(super) fn dated(mut self, now: OffsetDateTime) -> Self {
        let form = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        self.headers.push(("date".to_owned(), now.format(form).unwrap()));
        self
    }

    /// Turns it into an HTTP response.
    pub(super) fn write(self) -> http::Response<Full<Bytes>> {
        let mut response =
            http::Response::builder().status(self.status).header(header::CONTENT_TYPE, self.content_type);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let mut response = response.body(Full::from(self.body)).unwrap();
        if self.is_lost {
            response.extensions_mut().insert(https::HangUp);
        }
        response
    }

    pub(super) fn redirect(location: String) -> Self {
        let headers = vec![("location".to_owned(), location)];
        Self { headers, ..Self::new(302, "text/plain", String::new()) }
    }
}
