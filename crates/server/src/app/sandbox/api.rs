//! The shop's API, below `/api`.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    books::Shared,
    door::bearer,
    shop::{Call, Reply},
};

/// Answers a request of an app.
pub(super) async fn answer(
    State(shop): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut books = shop.books();
    let now = shop.environment.now();
    let scopes = bearer(&headers).and_then(|token| books.grants.scopes(token, now));
    let Some(scopes) = scopes else {
        let message = "There is no access token, or it does not work any more";
        let error = json!({"error": {"code": "unauthorized", "message": message}});
        let mut response = written((401, error));
        response.headers_mut().insert(header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
        return response;
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_json = header("content-type").is_some_and(|media| media.starts_with("application/json"));
    let body: Option<Value> = serde_json::from_slice(&body).ok().filter(|_| is_json).filter(Value::is_object);
    let call = Call {
        method: method.as_str(),
        path: uri.path().strip_prefix("/api/").unwrap_or_default().split('/').collect(),
        query: form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
        idempotency_key: header("idempotency-key").map(str::to_owned),
        body,
    };
    written(books.shop.answer(&call, &scopes))
}

fn written((status, body): Reply) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
