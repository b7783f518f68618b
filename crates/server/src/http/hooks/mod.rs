//! The addresses that providers send events to. They are not of the API: a provider has no key, each address has its
//! own limits, and the specification does not name them.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use integrations_core::inbound::Reason;

use super::state::Api;
use crate::{
    edge::body::{content_length, discard},
    services::provider_events::{Arrived, Door, Found, Reply},
};

/// When to try again what we could not take.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// The routes. People copy addresses with and without a slash at the end, and a redirect would lose the body.
#[expect(clippy::disallowed_methods, reason = "the addresses of providers are not in the specification")]
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/hooks/{source}/{secret}", any(receive))
        .route("/hooks/{source}/{secret}/", any(receive))
}

async fn receive(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut segments = parts.uri.path().split('/').skip(2);
    let (source, secret) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let door = match api.provider_events.find(source, secret).await {
        Found::Door(door) => door,
        Found::Nothing => return empty(StatusCode::NOT_FOUND),
        Found::Busy => return empty(StatusCode::TOO_MANY_REQUESTS),
        Found::Unknown => return empty(StatusCode::SERVICE_UNAVAILABLE),
    };
    let length = content_length(&parts.headers);
    if length.is_some_and(|length| length > door.max_bytes() as u64) {
        let reply = api.provider_events.turn_away(&door, Reason::TooLarge);
        discard(&parts.headers, body).await;
        return respond(reply);
    }
    // What the provider does not wait for, it sends again. It is then known, or is taken.
    let taken = tokio::time::timeout(door.answer_within(), take(&api, &door, &parts, body)).await;
    respond(taken.unwrap_or_else(|_elapsed| api.provider_events.turn_away(&door, Reason::Unavailable)))
}

async fn take(api: &Api, door: &Door, parts: &Parts, body: Body) -> Reply {
    let events = &api.provider_events;
    let Some(_room) = events.room(door, content_length(&parts.headers)).await else {
        return events.turn_away(door, Reason::Unavailable);
    };
    // Some of the provider's time is left for the answer.
    let time = door.answer_within().mul_f32(0.8).min(api.settings.body_timeout);
    let body = match read(body, door.max_bytes(), time).await {
        Ok(body) => body,
        Err(reason) => return events.turn_away(door, reason),
    };
    let path = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
    events
        .receive(door, Arrived { method: parts.method.as_str(), path, headers: &parts.headers, body: &body })
        .await
}

/// Reads the whole body.
async fn read(body: Body, limit: usize, time: Duration) -> Result<Bytes, Reason> {
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Reason::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Reason::TooSlow),
    }
}

fn respond(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response =
        if reply.body.is_empty() { empty(status) } else { (status, reply.body).into_response() };
    if let Some(kind) = reply.content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
