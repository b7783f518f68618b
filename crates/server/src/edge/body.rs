//! Reads a request's body, within limits of size and time.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRef, FromRequest, Request},
};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use integrations_core::error::ErrorCode;

use super::{failure::Failure, form::Form, settings::HttpSettings};

/// The largest form of somebody who is not signed in, in bytes.
const ANYBODYS_FORM: usize = 32 * 1024;
/// How much is read of a body that is too large. Many clients read the answer only after they have sent the body.
const DRAIN_LIMIT: usize = 32 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A body whose content type is JSON, not yet parsed. Empty if none was sent.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody
where
    Arc<HttpSettings>: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let settings: Arc<HttpSettings> = Arc::from_ref(state);
        let bytes = whole(&parts.headers, body, &settings, settings.body_limit).await?;
        check_json(&parts.headers, &bytes)?;
        Ok(Self(bytes))
    }
}

/// The body of a page's form: `application/x-www-form-urlencoded`, as browsers send it. A form of somebody who is not
/// signed in is small, because anybody can send as many as there may be connections, and they are held in memory.
pub(crate) async fn form(
    headers: &HeaderMap,
    body: Body,
    settings: &HttpSettings,
    is_signed_in: bool,
) -> Result<Form, Failure> {
    let limit = if is_signed_in { settings.body_limit } else { settings.body_limit.min(ANYBODYS_FORM) };
    let bytes = whole(headers, body, settings, limit).await?;
    check_coding(headers)?;
    if media_type(headers).as_deref() == Some("application/x-www-form-urlencoded") {
        return Form::read(&bytes);
    }
    Err(Failure::new(ErrorCode::UnsupportedMediaType, "Send the form as application/x-www-form-urlencoded"))
}

/// Checks that a body, if there is one, says that it is JSON.
pub(crate) fn check_json(headers: &HeaderMap, body: &[u8]) -> Result<(), Failure> {
    if body.is_empty() {
        return Ok(());
    }
    check_coding(headers)?;
    check_content_type(headers)
}

/// Reads the whole body, of at most `limit` bytes.
pub(crate) async fn whole(
    headers: &HeaderMap,
    body: Body,
    settings: &HttpSettings,
    limit: usize,
) -> Result<Bytes, Failure> {
    if content_length(headers).is_some_and(|length| length > limit as u64) {
        discard(headers, body).await;
        return Err(too_large(limit));
    }
    read(body, limit, settings.body_timeout).await
}

async fn read(body: Body, limit: usize, time: Duration) -> Result<Bytes, Failure> {
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => {
            Err(Failure::new(ErrorCode::BadRequest, "The connection broke before the whole body arrived"))
        }
        Err(_elapsed) => Err(Failure::new(ErrorCode::RequestTimeout, "The body took too long to arrive")),
    }
}

/// Reads a body that nobody wants, so that its client reads the answer. One that waits for `100 Continue` has sent
/// nothing yet.
pub(crate) async fn discard(headers: &HeaderMap, body: Body) {
    if !headers.contains_key(header::EXPECT) {
        drain(body).await;
    }
}

async fn drain(mut body: Body) {
    let drained = async {
        let mut total = 0;
        while let Some(Ok(frame)) = body.frame().await {
            total += frame.data_ref().map_or(0, Bytes::len);
            if total > DRAIN_LIMIT {
                break;
            }
        }
    };
    // The answer is the same whether or not the rest arrives in time.
    tokio::time::timeout(DRAIN_TIMEOUT, drained).await.unwrap_or_default();
}

/// The length that a body says it has.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Failure {
    Failure::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {limit} bytes"))
}

/// Refuses a body in a content coding, such as gzip. The answer says which codings are read: none (RFC 9110, sections
/// 8.4 and 12.5.3).
pub(crate) fn check_coding(headers: &HeaderMap) -> Result<(), Failure> {
    const NONE: HeaderValue = HeaderValue::from_static("identity");

    let is_none = |coding: &HeaderValue| {
        let coding = coding.as_bytes().trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(NONE.as_bytes())
    };
    if headers.get_all(header::CONTENT_ENCODING).iter().all(is_none) {
        return Ok(());
    }
    let message = "Send the body as it is: the server reads no Content-Encoding";
    Err(Failure::new(ErrorCode::UnsupportedMediaType, message).with_header(header::ACCEPT_ENCODING, NONE))
}

/// Accepts the media types of JSON (`application/json`, `application/merge-patch+json`, …), and a body without one.
fn check_content_type(headers: &HeaderMap) -> Result<(), Failure> {
    let Some(media) = media_type(headers) else { return Ok(()) };
    if media == "application/json" || (media.starts_with("application/") && media.ends_with("+json")) {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::UnsupportedMediaType,
        "Send the body as JSON, with Content-Type: application/json",
    ))
}

/// The body's media type by its `Content-Type`, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let check = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            check_content_type(&headers).is_ok()
        };
        for value in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(check(value), "{value}");
        }
        for value in ["text/plain", "application/x-www-form-urlencoded", "json", "text/json", ""] {
            assert!(!check(value), "{value}");
        }
        assert!(check_content_type(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_body_in_a_content_coding_is_refused() {
        let check = |values: &[&'static str]| {
            let values = values.iter().map(|value| (header::CONTENT_ENCODING, value.parse().unwrap()));
            check_coding(&values.collect())
        };
        for values in [&[][..], &["identity"], &["Identity "], &[""]] {
            assert_eq!(check(values), Ok(()), "{values:?}");
        }
        for values in [&["gzip"][..], &["identity, gzip"], &["identity", "br"], &["x-none"], &["zstd"]] {
            let refused = check(values).unwrap_err();
            assert_eq!(refused.code, ErrorCode::UnsupportedMediaType, "{values:?}");
            assert_eq!(refused.header.unwrap().0, header::ACCEPT_ENCODING);
        }
    }
}
