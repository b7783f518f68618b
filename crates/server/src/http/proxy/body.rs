//! Takes the body of a request for a provider.

use axum::body::{Body, HttpBody as _};
use http::{HeaderMap, Method, header, request::Parts};
use integrations_core::{error::ErrorCode, proxy::check_form};

use crate::{
    edge::{
        body::{check_coding, content_length, discard, media_type, whole},
        failure::Failure,
    },
    http::state::Api,
    provider::outbound::{Payload, Upload},
    services::proxy::{Admitted, ProxyError},
};

/// The largest body, in bytes.
const LIMIT: usize = 10 * 1024 * 1024;
/// The largest body with a GraphQL operation, in bytes.
const GRAPHQL_LIMIT: usize = 1024 * 1024;
/// Bodies up to this size are read whole, in bytes. So they can be sent again if the credential must be renewed.
const SMALL: u64 = 256 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// The body as it is sent: whole where it decides, is signed or can be sent again, and otherwise as it arrives.
pub(super) async fn payload(
    api: &Api,
    admitted: &mut Admitted,
    parts: &Parts,
    body: Body,
) -> Result<Payload, Failure> {
    let headers = &parts.headers;
    if let Err(refusal) = check(admitted, parts, &body) {
        discard(headers, body).await;
        return Err(refusal);
    }
    if body.is_end_stream() && !admitted.needs_body() {
        return Ok(Payload::Nothing);
    }
    if admitted.needs_body() {
        let body = whole(headers, body, &api.settings, GRAPHQL_LIMIT).await?;
        return Ok(Payload::Whole(api.proxy.judge_body(admitted, &body)?));
    }
    let form = form_of(headers);
    let is_small = content_length(headers).is_some_and(|length| length <= SMALL);
    if form.is_some() || is_small || admitted.signs_body() {
        let body = whole(headers, body, &api.settings, LIMIT).await?;
        form.map_or(Ok(()), |media| check_form(&media, &body)).map_err(ProxyError::from)?;
        return Ok(Payload::Whole(body));
    }
    Ok(Payload::Streamed(Upload::new(body, LIMIT as u64)))
}

/// Checks what the head says of the body.
fn check(admitted: &Admitted, parts: &Parts, body: &Body) -> Result<(), Failure> {
    let headers = &parts.headers;
    if content_length(headers).is_some_and(|length| length > LIMIT as u64) {
        return Err(too_large());
    }
    if matches!(parts.method, Method::GET | Method::HEAD) && !body.is_end_stream() {
        return Err(Failure::new(ErrorCode::BadRequest, "GET and HEAD have no body"));
    }
    let media = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or(","));
    if media.is_some_and(|media| media.contains(',')) {
        return Err(Failure::new(ErrorCode::UnsupportedMediaType, "Content-Type names more than one type"));
    }
    if admitted.needs_body() {
        check_coding(headers)?;
        return check_json_in_utf8(media);
    }
    if form_of(headers).is_some() { check_coding(headers) } else { Ok(()) }
}

/// The media type, if a server may read the body as a form. It may if there is no type.
fn form_of(headers: &HeaderMap) -> Option<String> {
    match media_type(headers) {
        None => Some(FORM.to_owned()),
        Some(media) if media == FORM || media.starts_with("multipart/") => Some(media),
        Some(_) => None,
    }
}

fn check_json_in_utf8(media: Option<&str>) -> Result<(), Failure> {
    let mut parts = media.unwrap_or_default().split(';').map(|part| part.trim().to_ascii_lowercase());
    let is_json = parts.next().as_deref() == Some("application/json");
    let is_utf8 = |parameter: String| {
        matches!(parameter.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"" | "charset=utf8")
    };
    if is_json && parts.all(is_utf8) {
        return Ok(());
    }
    let message = "Send GraphQL as JSON in UTF-8, with Content-Type: application/json";
    Err(Failure::new(ErrorCode::UnsupportedMediaType, message))
}

/// The body is too large.
pub(super) fn too_large() -> Failure {
    Failure::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {LIMIT} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_is_json_in_utf8() {
        for media in
            ["application/json", "Application/JSON; charset=UTF-8", "application/json; charset=\"utf-8\""]
        {
            assert_eq!(check_json_in_utf8(Some(media)), Ok(()), "{media}");
        }
        for media in [
            None,
            Some("application/graphql"),
            Some("text/plain"),
            Some("application/json; charset=utf-16"),
            Some("application/json; charset=utf-7"),
            Some("application/json; boundary=x"),
            Some("multipart/form-data; boundary=x"),
        ] {
            assert!(check_json_in_utf8(media).is_err(), "{media:?}");
        }
    }
}
