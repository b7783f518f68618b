//! Makes requests from their descriptions in provider files.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Request, header};
use integrations_core::catalog::{Call, Provider, RenderError};
use serde_json::{Map, Value};

/// A request cannot be made from its description and the stored values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A value is missing, or is not allowed in its place.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A value is not allowed in a header.
    #[error("a value is not allowed in the header {0}")]
    Header(String),
}

/// Makes a request from its description, the connection and the credential.
///
/// A header whose placeholder has no value is omitted, because the placeholder is an optional field.
pub fn prepare(
    call: &Call,
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
) -> Result<Request<Vec<u8>>, CallError> {
    let value = |name: &str| provider.placeholder(connection, credential, name);
    let mut request = Request::new(Vec::new());
    *request.method_mut() = call.method.as_str().parse().unwrap_or_default();
    let url = call.url.render(value)?;
    *request.uri_mut() = url.as_str().parse().map_err(|_| RenderError::Unsafe("url".into()))?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    for (name, template) in &call.headers {
        let text = match template.render(value) {
            Err(RenderError::Missing(_)) => continue,
            rendered => rendered?,
        };
        let invalid = || CallError::Header(name.clone());
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        headers.insert(name, secret(&text).ok_or_else(invalid)?);
    }
    if let Some(basic) = &call.basic_auth {
        let pair = format!("{}:{}", basic.username.render(value)?, basic.password.render(value)?);
        let text = format!("Basic {}", STANDARD.encode(pair));
        let invalid = || CallError::Header("Authorization".into());
        headers.insert(header::AUTHORIZATION, secret(&text).ok_or_else(invalid)?);
    }
    if let Some(body) = &call.body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = serde_json::to_vec(body).unwrap_or_default();
    }
    Ok(request)
}

/// A header's value, marked as sensitive so that no log shows it.
pub(in crate::provider) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
