//! What every request to the shop passes: it must be for the shop, and it is noted.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{self, Body},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;
use url::form_urlencoded;

use super::books::{Mode, Seen, Shared};

const BODY_LIMIT: usize = 64 * 1024;
/// How much time an answer takes of a shop that is slow.
const SLOW: Duration = Duration::from_secs(3);

/// Checks a request, lets the shop answer it as it just behaves, and notes both.
pub(super) async fn pass(State(shop): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    if let Some(refused) = refuse(&shop, &method, &path, &parts.headers) {
        return refused;
    }
    let Ok(body) = body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if !path.starts_with("/api/") && !path.starts_with("/oauth/") {
        return next.run(Request::from_parts(parts, Body::from(body))).await;
    }
    let target = parts.uri.path_and_query().map_or(path.as_str(), |whole| whole.as_str()).to_owned();
    let noted = note(&path, &target, &body, &parts.headers);
    let mode = if path.starts_with("/api/") { shop.books().mode } else { Mode::Well };
    if mode == Mode::Slow {
        shop.environment.pause(SLOW).await;
    }
    let mut response = match mode {
        Mode::Failing => out_of_order(),
        _ => next.run(Request::from_parts(parts, Body::from(body))).await,
    };
    if mode == Mode::Losing && method != Method::GET && response.status().is_success() {
        response = StatusCode::BAD_GATEWAY.into_response();
    }
    let (at, status) = (shop.environment.now(), response.status().as_u16());
    let (path, body) = noted;
    shop.books().note(Seen { at, method: method.to_string(), path, body, status });
    response
}

/// Refuses what is not for the shop: another host's name may have been pointed here (DNS rebinding), and a form may
/// come from another site's page.
fn refuse(shop: &Shared, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
    let host = shop.origin.strip_prefix("http://").unwrap_or_default();
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_here = hosts.next().is_some_and(|named| named == host) && hosts.next().is_none();
    if !is_here {
        let message = format!("The sandbox answers at {} alone\n", shop.origin);
        return Some((StatusCode::MISDIRECTED_REQUEST, message).into_response());
    }
    let is_of_program = path.starts_with("/api/") || path == "/oauth/token" || path == "/oauth/revoke";
    let is_own = || headers.get(header::ORIGIN).is_some_and(|origin| origin == shop.origin.as_str());
    let is_foreign = *method == Method::POST && !is_of_program && !is_own();
    is_foreign.then(|| (StatusCode::FORBIDDEN, "This form is not from a page of the shop\n").into_response())
}

/// The path and the body of a request, as they are shown. Nothing that could be a token or a code is.
fn note(path: &str, target: &str, body: &[u8], headers: &HeaderMap) -> (String, String) {
    let text = String::from_utf8_lossy(body);
    if path.starts_with("/oauth/") {
        let fields = form_urlencoded::parse(body).map(|(name, value)| match &*name {
            "grant_type" | "decision" => format!("{name}={value}"),
            _ => format!("{name}=…"),
        });
        return (path.to_owned(), fields.collect::<Vec<_>>().join(" "));
    }
    let bearer = bearer(headers).filter(|token| !token.is_empty());
    let hide = |text: &str| bearer.map_or_else(|| text.to_owned(), |token| text.replace(token, "…"));
    (hide(target), hide(&text))
}

/// The access token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn out_of_order() -> Response {
    let error = json!({"error": {"code": "unavailable", "message": "The shop is out of order"}});
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "application/json")], error.to_string())
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_shown() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "Bearer SECRET".parse().unwrap());
        let shown = note("/api/orders", "/api/orders?t=SECRET", b"{\"t\": \"SECRET\"}", &headers);
        assert_eq!(shown, ("/api/orders?t=…".to_owned(), "{\"t\": \"…\"}".to_owned()));
        let body = b"grant_type=refresh_token&refresh_token=SECRET";
        let shown = note("/oauth/token", "/oauth/token?code=SECRET", body, &headers);
        assert_eq!(shown, ("/oauth/token".to_owned(), "grant_type=refresh_token refresh_token=…".to_owned()));
    }
}
