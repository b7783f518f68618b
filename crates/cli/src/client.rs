//! Sends requests to the API and reads the answers.

use std::time::Duration;

use integrations_core::api_key::ApiKey;
use integrations_core::wire::{ApiError, RawJson};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use rustls::crypto::CryptoProvider;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use url::{Host, Url};

use crate::config::Config;
use crate::error::{Code, Exit, Failure, Report, code};
use crate::output::Output;
use crate::place::Place;

/// The longest wait, in seconds, after which a rate-limited request is sent again. The API's contract sets it.
const LONGEST_RETRY: u64 = 30;
/// The largest answer to read, in bytes.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much longer to wait for an answer that the API gives only after a provider has answered.
pub(crate) const PROVIDER_TIME: Duration = Duration::from_secs(60);

/// A client of the API, for one project or organization if there is one.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    key: Option<HeaderValue>,
    base: Url,
    place: Option<Place>,
    timeout: Duration,
    output: Output,
}

/// One request. Its path begins with the resource, and follows that of the project or organization.
pub(crate) struct Request<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'static str, &'a str)>,
    /// Puts the body into the request.
    body: Option<Box<dyn Fn(RequestBuilder) -> RequestBuilder + 'a>>,
    if_match: Option<HeaderValue>,
    /// Names a POST, so that it is done once even if it is sent twice.
    pub(crate) idempotency_key: Option<String>,
    /// How much longer than usual its answer may take.
    patience: Duration,
}

impl<'a> Request<'a> {
    /// Reads the resource at a path.
    pub(crate) fn get(path: impl Into<Vec<&'a str>>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Posts to a path.
    pub(crate) fn post(path: impl Into<Vec<&'a str>>) -> Self {
        Self { idempotency_key: random_name(), ..Self::new(Method::POST, path) }
    }

    /// Replaces the resource at a path.
    pub(crate) fn put(path: impl Into<Vec<&'a str>>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Changes the resource at a path.
    pub(crate) fn patch(path: impl Into<Vec<&'a str>>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Deletes the resource at a path.
    pub(crate) fn delete(path: impl Into<Vec<&'a str>>) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: impl Into<Vec<&'a str>>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            if_match: None,
            idempotency_key: None,
            patience: Duration::ZERO,
        }
    }

    /// Waits so much longer than usual for the answer.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Names the POST by this key, if there is one, instead of one of its own.
    pub(crate) fn named(mut self, key: Option<&str>) -> Self {
        self.idempotency_key = key.map(str::to_owned).or(self.idempotency_key);
        self
    }

    /// Sends a body.
    pub(crate) fn json(mut self, body: &'a impl Serialize) -> Self {
        self.body = Some(Box::new(move |sent: RequestBuilder| sent.json(body)));
        self
    }

    /// Adds a query parameter, if there is a value for it.
    pub(crate) fn query(mut self, name: &'static str, value: Option<&'a str>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }

    /// Makes the change only if the integration still has this version.
    pub(crate) fn if_match(mut self, etag: Option<HeaderValue>) -> Self {
        self.if_match = etag;
        self
    }
}

/// The API's answer to a request that succeeded.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The value of `data`.
    pub(crate) data: Value,
    /// The cursor of the next page, if there is one.
    pub(crate) cursor: Option<String>,
}

impl Client {
    /// Makes a client for a project or organization that gives up on a request after `timeout`.
    pub(crate) fn new(config: &Config, timeout: Duration, output: Output) -> Result<Self, Failure> {
        let key = Some(&config.api_key.value);
        Self::of(&config.api_base.value, key, Some(config.place.value), timeout, output)
    }

    /// Makes a client with what there is.
    pub(crate) fn of(
        base: &Url,
        key: Option<&ApiKey>,
        place: Option<Place>,
        timeout: Duration,
        output: Output,
    ) -> Result<Self, Failure> {
        let key = key.map(|key| secret_header(key.expose())).transpose()?;
        let base = base.clone();
        if base.scheme() == "http" && !is_loopback(&base) {
            output.notice("warning: the API base is http://, so the key travels unencrypted");
        }
        let http = http(&base, timeout)?;
        Ok(Self { http, key, base, place, timeout, output })
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    /// Sends a request. If it is rate-limited for at most 30 seconds, waits and sends it once more.
    pub(crate) async fn send(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        self.with_a_retry(async || self.send_once(request).await).await
    }

    /// Asks again, once, if the server says that a short wait is enough. Not if there is a run: a repeat of its call
    /// shows it as it is.
    pub(crate) async fn with_a_retry<T>(
        &self,
        ask: impl AsyncFn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match ask().await {
            Err(Failure::Reported(report)) if report.exit == Exit::RateLimited && report.run_id.is_none() => {
                match report.retry_after {
                    Some(seconds) if seconds <= LONGEST_RETRY => {
                        self.output.notice(&format!("rate limited; trying once more in {seconds} s"));
                        tokio::time::sleep(Duration::from_secs(seconds)).await;
                        ask().await
                    }
                    _ => Err(Failure::Reported(report)),
                }
            }
            other => other,
        }
    }

    async fn send_once(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let url = self.url(request);
        let mut sent =
            self.request(request.method.clone(), url).timeout(self.timeout.saturating_add(request.patience));
        if let Some(etag) = &request.if_match {
            sent = sent.header(IF_MATCH, etag);
        }
        if let Some(key) = &request.idempotency_key {
            sent = sent.header("Idempotency-Key", key);
        }
        if let Some(put_body) = &request.body {
            sent = put_body(sent);
        }
        let (status, headers, body) = self.exchange(sent).await?;
        self.read_answer(status, &headers, &body)
    }

    /// Takes a step of a device login. Its routes are beside the versions of the API, and their answers are bare.
    /// Returns the answer's status and its whole body.
    pub(crate) async fn device_login(
        &self,
        step: &str,
        body: &impl Serialize,
    ) -> Result<(StatusCode, Value), Failure> {
        let url = self.beside(&format!("api/auth/device/{step}"));
        let sent = self.http.post(url).timeout(self.timeout).json(body);
        let (status, headers, answer) = self.exchange(sent).await?;
        if status.is_success() {
            return Ok((status, self.json(status, &headers, &answer)?));
        }
        self.read_answer(status, &headers, &answer).map(|reply| (status, reply.data))
    }

    /// A request of an integration to its provider, at a path that is sent as it is. The body of its answer is read
    /// piece by piece.
    pub(crate) fn proxied(
        &self,
        method: Method,
        provider: &str,
        path: &str,
        query: Option<&str>,
    ) -> RequestBuilder {
        let mut url = self.url(&Request::get(["integrations", provider, "proxy"]));
        let whole = format!("{}/{path}", url.path());
        url.set_path(&whole);
        url.set_query(query);
        self.request(method, url)
    }

    /// A request whose answer is read piece by piece.
    pub(crate) fn streamed(&self, request: &Request<'_>) -> RequestBuilder {
        self.request(request.method.clone(), self.url(request))
    }

    /// A message for the project's MCP server. Its address is beside the versions of the API, and it takes the key as a
    /// bearer token.
    pub(crate) fn mcp(&self) -> Result<RequestBuilder, Failure> {
        let segments = self.place.map_or_else(Default::default, Place::segments);
        let sent = self.http.post(self.beside(&format!("mcp/{}", segments.join("/"))));
        let key = self.key.as_ref().and_then(|key| key.to_str().ok()).unwrap_or_default();
        Ok(sent.header(AUTHORIZATION, secret_header(&format!("Bearer {key}"))?))
    }

    /// An address of the server that is beside the versions of the API.
    fn beside(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let root = url.path().trim_end_matches("/v1").trim_end_matches("/api").to_owned();
        url.set_path(&format!("{root}/{path}"));
        url
    }

    /// Sends a request whose answer a provider gives, and waits for the head of the answer.
    pub(crate) async fn open(&self, sent: RequestBuilder) -> Result<Response, Failure> {
        let opened = timeout(self.timeout.saturating_add(PROVIDER_TIME), sent.send()).await;
        opened.map_err(|_| self.timed_out())?.map_err(|error| self.unreachable(&error).into())
    }

    /// The next piece of an answer's body. `None`: it is whole.
    pub(crate) async fn next(
        &self,
        answer: &mut Response,
    ) -> Result<Option<impl AsRef<[u8]> + use<>>, Failure> {
        let next = timeout(self.timeout.saturating_add(PROVIDER_TIME), answer.chunk()).await;
        next.map_err(|_| self.timed_out())?.map_err(|error| self.unreachable(&error).into())
    }

    /// Reads what should be an error of the API.
    pub(crate) fn refusal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        match self.read_answer(status, headers, body) {
            Err(failure) => failure,
            Ok(_) => self.not_the_api(status, headers, "with an answer of another kind").into(),
        }
    }

    async fn exchange(&self, sent: RequestBuilder) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
        let response = sent.send().await.map_err(|error| self.unreachable(&error))?;
        self.read_whole(response).await
    }

    /// Reads an answer to its end.
    pub(crate) async fn read_whole(
        &self,
        mut response: Response,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = self.next(&mut response).await? {
            let chunk = chunk.as_ref();
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(self
                    .not_the_api(status, &headers, "with more than the 16 MiB that riq reads")
                    .into());
            }
            body.extend_from_slice(chunk);
        }
        Ok((status, headers, body))
    }

    fn url(&self, request: &Request<'_>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(self.place.into_iter().flat_map(Place::segments)).extend(&request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }

    fn read_answer(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Failure> {
        if status.is_success() {
            let mut document = self.json(status, headers, body)?;
            let data = document.get_mut("data").map(Value::take);
            let data =
                data.ok_or_else(|| self.not_the_api(status, headers, "with JSON that has no `data`"))?;
            return Ok(Reply {
                data,
                cursor: document.get("cursor").and_then(Value::as_str).map(str::to_owned),
            });
        }
        if status.is_redirection() {
            let place = header_text(headers, LOCATION.as_str()).unwrap_or_else(|| "another place".to_owned());
            let message = format!("{} answered {status} and points to {place}", self.base);
            return Err(Report::local(code::REDIRECT, Exit::Refused, message)
                .with_hint(
                    "the key was not sent there; if that is the API, set it with --api-base or RIQ_API_BASE",
                )
                .into());
        }
        let document = self.json(status, headers, body)?;
        let error: ApiError = serde_json::from_value(document)
            .map_err(|_| self.not_the_api(status, headers, "with JSON that is not an error of this API"))?;
        let retry_after = error.retry_after.map(u64::from).or_else(|| header_seconds(headers));
        let exit = Exit::of_error(status.as_u16(), error.code.known());
        Err(Report {
            message: error.error,
            code: Code::Api(error.code),
            run_id: error.run_id,
            request_id: Some(error.request_id)
                .filter(|id| !id.is_empty())
                .or_else(|| header_text(headers, "x-request-id")),
            status: Some(status.as_u16()),
            issues: error.issues,
            retry_after,
            hint: None,
            exit,
        }
        .into())
    }

    fn json(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Value, Failure> {
        if body.is_empty() {
            return Err(self.not_the_api(status, headers, "with an empty body").into());
        }
        serde_json::from_slice(body).map_err(|_| {
            let kind = header_text(headers, CONTENT_TYPE.as_str());
            let kind = kind.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or("a body");
            let what = if kind.ends_with("json") { "that is not valid" } else { "instead of JSON" };
            self.not_the_api(status, headers, &format!("with {kind} {what}")).into()
        })
    }

    /// The error for an answer that does not come from the API.
    fn not_the_api(&self, status: StatusCode, headers: &HeaderMap, how: &str) -> Report {
        let request =
            header_text(headers, "x-request-id").map_or_else(String::new, |id| format!(" (request {id})"));
        let message = format!("{} answered {status} {how}{request}", self.base);
        Report {
            retry_after: header_seconds(headers),
            ..Report::local(code::INVALID_RESPONSE, Exit::of_status(status.as_u16()), message)
        }
    }

    fn timed_out(&self) -> Report {
        Report::local(code::TIMEOUT, Exit::Refused, format!("{} did not answer in time", self.base))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Report {
        if error.is_timeout() {
            return self.timed_out();
        }
        let what = if error.is_connect() { "cannot be reached" } else { "closed the connection" };
        let message = format!("{} {what}: {}", self.base, innermost_cause(error));
        Report::local(code::CONNECTION, Exit::Refused, message)
    }
}

/// A client for an address, that gives up on connecting after `timeout`.
pub(crate) fn http(address: &Url, timeout: Duration) -> Result<reqwest::Client, Failure> {
    let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    let mut builder = reqwest::Client::builder()
        .default_headers(accept)
        .user_agent(concat!("riq/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        // A redirect would send the key to another address.
        .redirect(redirect::Policy::none());
    if is_loopback(address) {
        // A server on this machine does not need the proxy that the environment names.
        builder = builder.no_proxy();
    }
    if address.scheme() == "http" {
        // Over http:// no certificate is checked, so riq must also work on a machine without CA certificates, such as
        // a small container.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let message = format!("cannot set up HTTPS: {}", innermost_cause(&error));
        Report::local(code::CONNECTION, Exit::Refused, message)
            .with_hint("install the system's CA certificates, or name them with SSL_CERT_FILE")
            .into()
    })
}

/// Reads `data` as one of the API's types. Fields that the type does not have are ignored.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(data: &Value) -> Result<T, Failure> {
    T::deserialize(data).map_err(|error| {
        Failure::invalid_response(format!("the server's answer does not have the API's shape: {error}"))
    })
}

/// A field of `data` that is a string.
pub(crate) fn text_field<'a>(data: &'a Value, name: &str) -> Option<&'a str> {
    data.get(name).and_then(Value::as_str)
}

/// Parses JSON as a plain value, because a newer server may have changed its shape.
pub(crate) fn raw_value<T>(json: &RawJson<T>) -> Value {
    // It was parsed as JSON before, so this does not fail.
    serde_json::from_str(json.as_str()).unwrap_or(Value::Null)
}

/// A header's value that is not shown in logs.
fn secret_header(text: &str) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| Failure::usage("the API key cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// 128 random bits, as text.
fn random_name() -> Option<String> {
    let mut bytes = [0; 16];
    CryptoProvider::get_default()?.secure_random.fill(&mut bytes).ok()?;
    Some(format!("riq-{:032x}", u128::from_be_bytes(bytes)))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn header_seconds(headers: &HeaderMap) -> Option<u64> {
    header_text(headers, RETRY_AFTER.as_str()).and_then(|text| text.trim().parse().ok())
}

/// The innermost cause of an error, which is the most specific.
/// What went wrong at the bottom.
pub(crate) fn innermost_cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use integrations_core::wire::Integration;
    use serde_json::json;

    use super::*;

    #[test]
    fn another_shape_is_an_invalid_response() {
        assert!(
            matches!(read::<Integration>(&json!([1])), Err(Failure::Reported(report)) if report.code == Code::Local("INVALID_RESPONSE"))
        );
    }
}
