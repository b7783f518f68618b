//! The strict provider's endpoints: a token endpoint (RFC 6749, sections 5 and 6), one for probes
//! (RFC 6750), and one for payments.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{families::Families, payments::Payments};

/// The client id and secret of the app that it knows.
pub(super) const CLIENT: (&str, &str) = ("the-client", "the-client-secret");

/// Answers a request, after `latency`.
pub(super) async fn answer(
    families: &Families,
    payments: &Payments,
    latency: Duration,
    request: Request<Bytes>,
) -> Response<Full<Bytes>> {
    // The request takes effect at once and is answered later. A client that is killed in between has used up its
    // refresh token and does not get the next one.
    let response = match (request.method(), request.uri().path()) {
        (&Method::POST, "/token") => exchange(families, request.body()),
        (&Method::GET, "/probe") => probe(families, &request),
        (method, "/api/payments") => paid(families, payments, method, &request),
        _ => json_response(StatusCode::NOT_FOUND, &Value::Null),
    };
    tokio::time::sleep(latency).await;
    response
}

fn exchange(families: &Families, form: &[u8]) -> Response<Full<Bytes>> {
    let refuse = |status, error| json_response(status, &json!({"error": error}));
    let field = |name: &str| {
        let mut values = form_urlencoded::parse(form).filter(|(key, _)| key == name);
        // RFC 6749, section 3.2: parameters must not be included more than once.
        values.next().filter(|_| values.next().is_none()).map(|(_, value)| value.into_owned())
    };
    if (field("client_id").as_deref(), field("client_secret").as_deref()) != (Some(CLIENT.0), Some(CLIENT.1))
    {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let (grant, token) = (field("grant_type"), field("refresh_token"));
    match (grant.as_deref(), token) {
        (Some("refresh_token"), Some(token)) => match families.refresh(&token) {
            Some(tokens) => json_response(
                StatusCode::OK,
                &json!({
                    "access_token": tokens.access_token,
                    "refresh_token": tokens.refresh_token,
                    "token_type": "Bearer",
                    "expires_in": families.token_life().as_secs(),
                }),
            ),
            None => refuse(StatusCode::BAD_REQUEST, "invalid_grant"),
        },
        (Some("refresh_token") | None, _) => refuse(StatusCode::BAD_REQUEST, "invalid_request"),
        (Some(_), _) => refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    }
}

fn probe(families: &Families, request: &Request<Bytes>) -> Response<Full<Bytes>> {
    if token_of(request).is_some_and(|token| families.probe(token)) {
        return json_response(StatusCode::OK, &json!({"ok": true}));
    }
    refuse_token()
}

fn paid(
    families: &Families,
    payments: &Payments,
    method: &Method,
    request: &Request<Bytes>,
) -> Response<Full<Bytes>> {
    if !token_of(request).is_some_and(|token| families.accept(token)) {
        return refuse_token();
    }
    match *method {
        Method::POST => json_response(StatusCode::OK, &payments.pay(request.body())),
        Method::GET => {
            let query = request.uri().query().unwrap_or_default().as_bytes();
            let account = form_urlencoded::parse(query).find(|(name, _)| name == "account");
            let account = account.map(|(_, account)| account.into_owned()).unwrap_or_default();
            json_response(StatusCode::OK, &payments.to(&account))
        }
        _ => json_response(StatusCode::METHOD_NOT_ALLOWED, &Value::Null),
    }
}

fn token_of(request: &Request<Bytes>) -> Option<&str> {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    authorization.and_then(|value| value.strip_prefix("Bearer "))
}

fn refuse_token() -> Response<Full<Bytes>> {
    let mut response = json_response(StatusCode::UNAUTHORIZED, &json!({"ok": false}));
    let challenge = header::HeaderValue::from_static("Bearer error=\"invalid_token\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
