//! Makes requests from their descriptions in provider files.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use integrations_core::{
    action::{RenderedBody, RenderedRequest},
    catalog::{AwsSignature, BasicAuth, Call, Method, Provider, RenderError, Template, UNIQUE_ID},
    ids::RunId,
};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::{Url, form_urlencoded};

use super::aws_signature::{NotSigned, sign};
use crate::environment::Environment;

pub(in crate::provider) const JSON: &str = "application/json";
pub(in crate::provider) const FORM: &str = "application/x-www-form-urlencoded";

/// A request cannot be made from its description and the stored values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A value is missing, or is not allowed in its place.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The credential goes into the body, which is no JSON object.
    #[error("the credential cannot be put into the body")]
    Body,
    /// A value is not allowed in a header.
    #[error("a value is not allowed in the header {0}")]
    Header(String),
    /// It is signed, and that cannot be done.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// It is signed with its body, which is not known before it is sent.
    #[error("a request that is signed needs its whole body before it is sent")]
    BodyUnknown,
}

/// What a request has of the moment at which it is made.
#[derive(Clone, Debug)]
pub struct Moment {
    now: OffsetDateTime,
    unique_id: String,
}

impl From<&Environment> for Moment {
    fn from(environment: &Environment) -> Self {
        Self { now: environment.now(), unique_id: environment.uuid() }
    }
}

impl Moment {
    /// The values of placeholders, with those of this moment.
    pub(in crate::provider) fn and<'v>(
        &'v self,
        value: impl Fn(&str) -> Option<&'v str> + Copy,
    ) -> impl Fn(&str) -> Option<&'v str> + Copy {
        move |name| if name == UNIQUE_ID { Some(self.unique_id.as_str()) } else { value(name) }
    }
}

/// Makes a request from its description, the connection and the credential. If requests are signed, it is valid for
/// some minutes from the moment on.
///
/// A header whose placeholder has no value is omitted, because the placeholder is an optional field.
pub fn prepare(
    call: &Call,
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
    moment: &Moment,
) -> Result<Request<Vec<u8>>, CallError> {
    let value = moment.and(|name: &str| provider.placeholder(connection, credential, name));
    let mut request = Request::new(Vec::new());
    *request.method_mut() = call.method.as_str().parse().unwrap_or_default();
    let url = call.url.render(value)?;
    *request.uri_mut() = url.as_str().parse().map_err(|_| RenderError::Unsafe("url".into()))?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
    add_headers(headers, &call.headers, call.basic_auth.as_ref(), value)?;
    let body = with_members(call.body.clone(), &call.credential, value)?;
    let body = body.map(|body| serde_json::to_vec(&body).unwrap_or_default());
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    }
    whole(request, body.unwrap_or_default(), call.signature.as_ref(), value, moment.now)
}

/// Makes the request of a run's action, with the credential. The host is that of the provider's file, whatever the path
/// is, and the path is sent as it was rendered.
///
/// `run` is the key of idempotency, if the request asks for one in a header.
pub fn prepare_action(
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
    rendered: &RenderedRequest,
    run: RunId,
    moment: &Moment,
) -> Result<Request<Vec<u8>>, CallError> {
    let value = moment.and(|name: &str| provider.placeholder(connection, credential, name));
    let url = action_url(provider.api_base_url.render(value)?, rendered)?;
    let mut request = Request::new(Vec::new());
    *request.method_mut() = rendered.method.as_str().parse().unwrap_or_default();
    *request.uri_mut() = url.as_str().parse().map_err(|_| RenderError::Unsafe("path".into()))?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
    for (name, text) in &rendered.headers {
        let invalid = || CallError::Header(name.clone());
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        headers.insert(name, HeaderValue::from_str(text).map_err(|_| invalid())?);
    }
    let json = |json: Option<Value>| {
        let json = with_members(json, &provider.auth_request.members, value)?;
        Ok::<_, CallError>(json.map(|json| (JSON, serde_json::to_vec(&json).unwrap_or_default())))
    };
    let body = match &rendered.body {
        RenderedBody::None => json(None)?,
        RenderedBody::Json(body) => json(Some(body.clone()))?,
        RenderedBody::Form(fields) => Some((FORM, written_form(fields).into_bytes())),
    };
    if let Some((media, _)) = &body {
        // The file may have named another type of JSON.
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(media));
    }
    if let Some(name) = &rendered.idempotency_header {
        let name: HeaderName = name.parse().map_err(|_| CallError::Header(name.clone()))?;
        headers.insert(name, HeaderValue::try_from(run.to_string()).unwrap_or(HeaderValue::from_static("")));
    }
    // The credential's headers come last: no other may be in their place.
    let auth = &provider.auth_request;
    add_headers(headers, &auth.headers, auth.basic_auth.as_ref(), value)?;
    whole(request, body.map(|(_, body)| body).unwrap_or_default(), auth.signature.as_ref(), value, moment.now)
}

/// A request with its body, signed if there is a signature.
fn whole<'v>(
    mut request: Request<Vec<u8>>,
    body: Vec<u8>,
    signature: Option<&AwsSignature>,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
    now: OffsetDateTime,
) -> Result<Request<Vec<u8>>, CallError> {
    if let Some(signature) = signature {
        sign(&mut request, &body, signature, value, now)?;
    }
    *request.body_mut() = body;
    Ok(request)
}

/// Makes a request that a caller wrote: its method, its path below the base URL, its query, and the headers that are
/// passed. The credential's headers come last, so no other is in their place. Also returns its URL. `body` is `None` if
/// it is sent as it arrives.
pub fn prepare_forwarded(
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
    (method, path, query): (Method, &str, Option<&str>),
    headers: &HeaderMap,
    body: Option<&[u8]>,
    moment: &Moment,
) -> Result<(Request<()>, Url), CallError> {
    let value = moment.and(|name: &str| provider.placeholder(connection, credential, name));
    let mut url = below(provider.api_base_url.render(value)?, path)?;
    url.set_query(query);
    let mut request = Request::new(());
    *request.method_mut() = method.as_str().parse().unwrap_or_default();
    *request.uri_mut() = url.as_str().parse().map_err(|_| RenderError::Unsafe("path".into()))?;
    *request.headers_mut() = headers.clone();
    let auth = &provider.auth_request;
    add_headers(request.headers_mut(), &auth.headers, auth.basic_auth.as_ref(), value)?;
    // The form of the answer is the caller's wish, if it has one: a diff or the raw text in place of JSON.
    if let Some(accept) = headers.get(header::ACCEPT).filter(|accept| *accept != "*/*") {
        request.headers_mut().insert(header::ACCEPT, accept.clone());
    }
    if let Some(signature) = &auth.signature {
        sign(&mut request, body.ok_or(CallError::BodyUnknown)?, signature, value, moment.now)?;
    }
    Ok((request, url))
}

/// A JSON body with the members that carry the credential. `None`: there is neither.
fn with_members<'v>(
    body: Option<Value>,
    members: &[(String, Template)],
    value: impl Fn(&str) -> Option<&'v str> + Copy,
) -> Result<Option<Value>, CallError> {
    if members.is_empty() {
        return Ok(body);
    }
    let Value::Object(mut body) = body.unwrap_or_else(|| Map::new().into()) else {
        return Err(CallError::Body);
    };
    for (name, template) in members {
        body.insert(name.clone(), template.render(value)?.into());
    }
    Ok(Some(body.into()))
}

/// The URL of an action: the path is joined as text, because both are encoded. Refuses one that a reader of URLs would
/// change, such as by a dot segment.
fn action_url(base: Url, rendered: &RenderedRequest) -> Result<Url, RenderError> {
    let mut url = if rendered.path.is_empty() { base } else { below(base, &rendered.path)? };
    if !rendered.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&rendered.query);
    }
    Ok(url)
}

fn below(base: Url, path: &str) -> Result<Url, RenderError> {
    let joined = format!("{}{path}", base.as_str().trim_end_matches('/'));
    let read = Url::parse(&joined).ok().filter(|read| {
        let is_same = read.as_str() == joined && read.fragment().is_none() && read.query().is_none();
        is_same && read.origin() == base.origin()
    });
    read.ok_or_else(|| RenderError::Unsafe("path".into()))
}

/// Fields as `application/x-www-form-urlencoded`.
pub(in crate::provider) fn written_form(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Adds headers with their values, and those of basic authentication.
pub(in crate::provider) fn add_headers<'v>(
    headers: &mut HeaderMap,
    templates: &[(String, Template)],
    basic_auth: Option<&BasicAuth>,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
) -> Result<(), CallError> {
    for (name, template) in templates {
        let Some(text) = template.render_known(value) else { continue };
        let invalid = || CallError::Header(name.clone());
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        headers.insert(name, secret(&text).ok_or_else(invalid)?);
    }
    if let Some(basic) = basic_auth {
        let (username, password) = (basic.username.render(value)?, basic.password.render(value)?);
        headers.insert(header::AUTHORIZATION, self::basic(&username, &password)?);
    }
    Ok(())
}

/// The basic authentication of a client: its id and its secret, each form-encoded first (RFC 6749, section 2.3.1).
pub(in crate::provider) fn basic_of_client(id: &str, secret: &str) -> Result<HeaderValue, CallError> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    basic(&encoded(id), &encoded(secret))
}

fn basic(username: &str, password: &str) -> Result<HeaderValue, CallError> {
    let text = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
    secret(&text).ok_or_else(|| CallError::Header("Authorization".into()))
}

/// A header's value, marked as sensitive so that no log shows it.
pub(in crate::provider) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;

    use super::*;

    fn url(base: &str, path: &str, query: &[(&str, &str)]) -> Option<String> {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let rendered = RenderedRequest {
            method: Method::Get,
            path: path.to_owned(),
            query,
            headers: Vec::new(),
            body: RenderedBody::None,
            idempotency_header: None,
        };
        action_url(base.parse().unwrap(), &rendered).ok().map(Into::into)
    }

    #[test]
    fn a_path_stands_below_the_base_as_it_was_rendered() {
        for (base, path, expected) in [
            ("https://a.test", "/v1/x", "https://a.test/v1/x"),
            ("https://a.test/", "/v1/x", "https://a.test/v1/x"),
            ("https://a.test/api", "/x%2F..%2Fy", "https://a.test/api/x%2F..%2Fy"),
            ("https://a.test/hook?t=1", "", "https://a.test/hook?t=1"),
        ] {
            assert_eq!(url(base, path, &[]).as_deref(), Some(expected));
        }
        let query = [("q", "a b&c"), ("q", "ü")];
        let expected = "https://a.test/x?q=a+b%26c&q=%C3%BC";
        assert_eq!(url("https://a.test", "/x", &query).as_deref(), Some(expected));
    }

    #[test]
    fn a_caller_may_choose_the_form_of_an_answer() {
        let catalog = Catalog::embedded().unwrap();
        let github = catalog.get("github").unwrap();
        let credential = Map::from_iter([("access_token".to_owned(), "SECRET".into())]);
        let accept = |wish: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(wish))]);
            let address = (Method::Get, "/x", None);
            let (nothing, now) = (Map::new(), Moment::from(&Environment::system()));
            let prepared = prepare_forwarded(github, &nothing, &credential, address, &headers, None, &now);
            prepared.unwrap().0.headers()[header::ACCEPT].clone()
        };
        assert_eq!(accept("application/vnd.github.diff"), "application/vnd.github.diff");
        assert_eq!(accept("*/*"), "application/vnd.github+json");
    }

    #[test]
    fn a_path_that_would_lead_elsewhere_is_refused() {
        for path in ["/a/../b", "/a/%2e%2e/b", "/./a", ":80@b.test/", ".b.test/x", "/a?b", "/a#b", "/a b"] {
            assert_eq!(url("https://a.test", path, &[]), None, "{path}");
        }
        assert_eq!(url("https://a.test/hook?t=1", "/x", &[]), None);
    }
}
