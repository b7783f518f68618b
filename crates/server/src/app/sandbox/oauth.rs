//! The shop's authorization server (RFC 6749 with PKCE, RFC 7636; revocation, RFC 7009). It knows one app.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{
    books::Shared,
    grants::{ACCESS_LIFE, Consent, Pair, SCOPES},
    page,
};
use crate::token::{Token, TokenHash};

/// The id of the only app.
pub(super) const CLIENT_ID: &str = "riq-sandbox";

type Fields = [(String, String)];

/// The value of a field that is there once.
fn one<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    let mut found = fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
    found.next().filter(|_| found.next().is_none())
}

fn parse(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// What an app asks for, with the app's `state`.
struct Asked {
    consent: Consent,
    state: String,
}

/// Why it is not asked.
enum Wrong {
    /// The app is not known, so nobody is sent back (RFC 6749, section 4.1.2.1).
    Here(&'static str),
    /// The app is told.
    Back(&'static str),
}

fn asked(fields: &Fields, shop: &Shared) -> Result<Asked, Wrong> {
    if one(fields, "client_id") != Some(CLIENT_ID) {
        return Err(Wrong::Here("The shop does not know this app."));
    }
    if one(fields, "redirect_uri") != Some(shop.redirect.as_str()) {
        return Err(Wrong::Here("The app is not registered with this redirect address."));
    }
    if one(fields, "response_type") != Some("code") {
        return Err(Wrong::Back("unsupported_response_type"));
    }
    let is_s256 = one(fields, "code_challenge_method") == Some("S256");
    let challenge = one(fields, "code_challenge").filter(|challenge| is_s256 && challenge.len() == 43);
    let state = one(fields, "state").filter(|state| !state.is_empty());
    let (Some(challenge), Some(state)) = (challenge, state) else {
        return Err(Wrong::Back("invalid_request"));
    };
    let scopes: Vec<String> =
        one(fields, "scope").unwrap_or_default().split(' ').map(str::to_owned).collect();
    if !scopes.iter().all(|scope| SCOPES.contains(&scope.as_str())) {
        return Err(Wrong::Back("invalid_scope"));
    }
    let consent = Consent { redirect: shop.redirect.clone(), challenge: challenge.to_owned(), scopes };
    Ok(Asked { consent, state: state.to_owned() })
}

/// Sends the browser back to the app with these fields.
fn back(shop: &Shared, state: Option<&str>, name: &str, value: &str) -> Response {
    let Ok(mut address) = Url::parse(&shop.redirect) else {
        return page::problem(StatusCode::BAD_REQUEST, "The redirect address of the app is not one.");
    };
    let mut query = address.query_pairs_mut();
    query.append_pair(name, value);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    drop(query);
    let location = HeaderValue::from_str(address.as_str()).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

fn wrong(shop: &Shared, fields: &Fields, wrong: &Wrong) -> Response {
    match wrong {
        Wrong::Here(why) => page::problem(StatusCode::BAD_REQUEST, why),
        Wrong::Back(code) => back(shop, one(fields, "state"), "error", code),
    }
}

/// `GET /oauth/authorize`: asks the person.
pub(super) async fn ask(State(shop): State<Arc<Shared>>, uri: Uri) -> Response {
    let fields = parse(uri.query().unwrap_or_default().as_bytes());
    match asked(&fields, &shop) {
        Ok(asked) => page::consent(&fields, &asked.consent.scopes, &shop.redirect),
        Err(found) => wrong(&shop, &fields, &found),
    }
}

/// `POST /oauth/authorize`: what the person decided.
pub(super) async fn decide(State(shop): State<Arc<Shared>>, body: Bytes) -> Response {
    let fields = parse(&body);
    let asked = match asked(&fields, &shop) {
        Ok(asked) => asked,
        Err(found) => return wrong(&shop, &fields, &found),
    };
    if one(&fields, "decision") != Some("allow") {
        return back(&shop, Some(&asked.state), "error", "access_denied");
    }
    let code = Token::generate(&shop.environment);
    shop.books().grants.consent(code.hash(), asked.consent, shop.environment.now());
    back(&shop, Some(&asked.state), "code", code.expose())
}

/// Whether the app has proved itself (RFC 6749, section 2.3.1).
fn is_app(headers: &HeaderMap, shop: &Shared) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pair = given.and_then(|value| STANDARD.decode(value.strip_prefix("Basic ")?).ok());
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
    let (id, secret) = pair.split_once(':').unwrap_or_default();
    id == CLIENT_ID && TokenHash::of(secret) == shop.client_secret
}

fn refused(status: StatusCode, code: &str) -> Response {
    let mut response = json_answer(status, &json!({"error": code}));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
    }
    response
}

fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

fn is_form(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().unwrap_or_default().trim() == "application/x-www-form-urlencoded"
}

/// `POST /oauth/token`: exchanges a code or a refresh token.
pub(super) async fn token(State(shop): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_app(&headers, &shop) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let fields = parse(&body);
    if !is_form(&headers) {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let environment = &shop.environment;
    let pair = Pair { access: Token::generate(environment), refresh: Token::generate(environment) };
    let now = environment.now();
    let mut books = shop.books();
    let granted = match one(&fields, "grant_type") {
        Some("authorization_code") => {
            let needed = ["code", "redirect_uri", "code_verifier"].map(|name| one(&fields, name));
            let [Some(code), Some(redirect), Some(verifier)] = needed else {
                return refused(StatusCode::BAD_REQUEST, "invalid_request");
            };
            books.grants.redeem(code, redirect, verifier, &pair, now)
        }
        Some("refresh_token") => {
            let Some(token) = one(&fields, "refresh_token") else {
                return refused(StatusCode::BAD_REQUEST, "invalid_request");
            };
            books.grants.renew(token, &pair, now)
        }
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    };
    let Some(scopes) = granted else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
    let answer = json!({
        "access_token": pair.access.expose(),
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.whole_seconds(),
        "refresh_token": pair.refresh.expose(),
        "scope": scopes.join(" "),
    });
    json_answer(StatusCode::OK, &answer)
}

/// `POST /oauth/revoke`. A token that is not known is no error (RFC 7009, section 2.2).
pub(super) async fn revoke(State(shop): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_app(&headers, &shop) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let fields = parse(&body);
    let Some(token) = one(&fields, "token").filter(|_| is_form(&headers)) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    };
    shop.books().grants.revoke(token);
    StatusCode::OK.into_response()
}
