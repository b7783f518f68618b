//! Compresses large answers for clients that accept it (RFC 9110, sections 8.4 and 12.5.3).
//!
//! Pages are not compressed: they repeat what a request says beside tokens that no other site may learn, and the length
//! of a compressed answer would tell them apart (the attack BREACH). Answers of the API have no such tokens: its
//! callers send keys, which no other site can make a browser send.

use std::{convert::Infallible, future::ready};

use axum::{
    body::{Body, HttpBody as _},
    response::Response,
};
use http::{Extensions, HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use tower::{ServiceExt as _, service_fn};
use tower_http::compression::Compression;

use super::audience::Audience;

/// Shorter bodies gain too little, in bytes.
const SHORTEST: u64 = 1024;

/// Compresses a response if that helps, by the request's `Accept-Encoding`.
pub(super) async fn compress(
    mut response: Response,
    accepted: Option<HeaderValue>,
    audience: Audience,
) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING) || is_page(headers, audience) || is_stream(headers) {
        return response;
    }
    // 304 has the `Vary` of the 200 that it stands for (RFC 9110, section 15.4.5).
    let stands_for_another = response.status() == StatusCode::NOT_MODIFIED;
    if !stands_for_another && length(&response) < SHORTEST {
        return response;
    }
    let Some(accepted) = accepted.filter(|_| !stands_for_another) else {
        response.headers_mut().append(header::VARY, header::ACCEPT_ENCODING.into());
        return response;
    };
    let mut request = Request::new(response);
    request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
    let answer = service_fn(|request: Request<Response>| ready(Ok::<_, Infallible>(request.into_body())));
    let always = |_: StatusCode, _: Version, _: &HeaderMap, _: &Extensions| true;
    let mut response = match Compression::new(answer).compress_when(always).oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    };
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        weaken(response.headers_mut());
    }
    response
}

/// Whether each part of the answer is to be read when it comes, and not when there is enough to compress.
fn is_stream(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    media.starts_with(b"text/event-stream")
}

fn is_page(headers: &HeaderMap, audience: Audience) -> bool {
    let media = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    audience == Audience::Person && media.starts_with(b"text/html")
}

/// The length of the body. The answer to HEAD has the length of the one to GET.
fn length(response: &Response) -> u64 {
    let said =
        response.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    said.or_else(|| response.body().size_hint().exact()).unwrap_or(u64::MAX)
}

/// Makes the entity tag weak: the same tag may not stand for two sequences of bytes (RFC 9110, section 8.8.3).
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    let weak = strong.map(|tag| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()));
    if let Some(Ok(weak)) = weak {
        headers.insert(header::ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    async fn compressed(
        media: &'static str,
        length: usize,
        accepted: Option<&'static str>,
        path: &str,
    ) -> Response {
        let headers = [(header::CONTENT_TYPE, media), (header::ETAG, "\"v1\"")];
        let response = (headers, "x".repeat(length)).into_response();
        compress(response, accepted.map(HeaderValue::from_static), Audience::of(path)).await
    }

    fn coding(response: &Response) -> Option<&str> {
        response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn what_is_large_is_compressed_as_the_client_accepts() {
        let api = "/api/v1/projects/prj_1/integrations";
        for (accepted, expected) in [
            (Some("gzip"), Some("gzip")),
            (Some("gzip, deflate, br, zstd"), Some("br")),
            (Some("br;q=0.1, gzip"), Some("gzip")),
            (Some("gzip;q=0"), None),
            (Some("identity"), None),
            (None, None),
        ] {
            let response = compressed("application/json", 1024, accepted, api).await;
            assert_eq!(coding(&response), expected, "{accepted:?}");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
            let tag = if expected.is_some() { "W/\"v1\"" } else { "\"v1\"" };
            assert_eq!(response.headers()[header::ETAG], tag);
        }
        let short = compressed("application/json", 1023, Some("gzip"), api).await;
        assert_eq!((coding(&short), short.headers().get(header::VARY)), (None, None));
    }

    #[tokio::test]
    async fn pages_that_hold_tokens_are_not_compressed() {
        for path in ["/dashboard", "/dashboard/projects/prj_1", "/oauth/callback"] {
            let page = compressed("text/html; charset=utf-8", 5000, Some("gzip"), path).await;
            assert_eq!(coding(&page), None, "{path}");
        }
        assert_eq!(
            coding(&compressed("text/css", 5000, Some("gzip"), "/dashboard/assets/x.css").await),
            Some("gzip")
        );
        assert_eq!(
            coding(&compressed("text/html; charset=utf-8", 5000, Some("gzip"), "/docs").await),
            Some("gzip")
        );
    }
}
