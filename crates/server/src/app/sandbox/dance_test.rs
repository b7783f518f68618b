//! The shop's consent page, its tokens and its API, request by request.

use std::sync::Arc;

use axum::{Router, body::Body};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Request, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use super::{books::Shared, oauth::CLIENT_ID, router};
use crate::{environment::Environment, token::Token};

const ORIGIN: &str = "http://127.0.0.2:8081";
const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

struct Stage {
    shop: Router,
    secret: Token,
}

struct Answered {
    status: u16,
    location: Option<Url>,
    text: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A parameter of the address that the browser is sent to.
    fn sent(&self, name: &str) -> Option<String> {
        let location = self.location.as_ref().unwrap_or_else(|| panic!("{}: {}", self.status, self.text));
        assert!(location.as_str().starts_with(REDIRECT), "{location}");
        location.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }
}

impl Stage {
    fn new() -> Self {
        let environment = Environment::system();
        let secret = Token::generate(&environment);
        let shared = Shared::new(ORIGIN.to_owned(), secret.hash(), REDIRECT.to_owned(), environment);
        Self { shop: router(Arc::new(shared)), secret }
    }

    async fn send(&self, request: http::request::Builder, body: String) -> Answered {
        let named = request.headers_ref().is_some_and(|headers| headers.contains_key(header::HOST));
        let request = if named { request } else { request.header(header::HOST, &ORIGIN[7..]) };
        let answer = self.shop.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let location = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answered { status, location: location.and_then(|to| to.parse().ok()), text }
    }

    async fn get(&self, target: &str) -> Answered {
        self.send(Request::get(target), String::new()).await
    }

    /// Sends a form of one of the shop's own pages.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        self.send(Request::post(path).header(header::ORIGIN, ORIGIN), form(fields)).await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Answered {
        let pair = STANDARD.encode(format!("{CLIENT_ID}:{}", self.secret.expose()));
        let request = Request::post("/oauth/token").header(header::AUTHORIZATION, format!("Basic {pair}"));
        self.send(request.header(header::CONTENT_TYPE, FORM), form(fields)).await
    }

    /// Consents, and exchanges the code.
    async fn tokens(&self) -> (String, String) {
        let mut fields = asking();
        fields.push(("decision", "allow".to_owned()));
        let borrowed: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let code = self.submit("/oauth/authorize", &borrowed).await.sent("code").unwrap();
        let answer = self.token(&exchange(&code)).await.json();
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        (text("access_token"), text("refresh_token"))
    }

    async fn call(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answered {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header("idempotency-key", "k").header(header::CONTENT_TYPE, "application/json");
        self.send(request, body.map_or_else(String::new, |body| body.to_string())).await
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The fields of the authorize address.
fn asking() -> Vec<(&'static str, String)> {
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", CLIENT_ID.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("scope", "orders:read refunds:write".to_owned()),
        ("state", "s".to_owned()),
        ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

fn exchange(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

fn address(fields: &[(&'static str, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("/oauth/authorize?{query}")
}

#[tokio::test]
async fn consent_is_asked_for_what_an_app_asks() {
    let stage = Stage::new();
    let asked = stage.get(&address(&asking())).await;
    assert!(asked.status == 200 && asked.text.contains("See orders and customers"), "{}", asked.text);
    assert!(!asked.text.contains("Add notes"), "it asked for less");
    for (name, value, error) in [
        ("client_id", "another", None),
        ("redirect_uri", "http://evil.example/", None),
        ("response_type", "token", Some("unsupported_response_type")),
        ("code_challenge_method", "plain", Some("invalid_request")),
        ("code_challenge", "short", Some("invalid_request")),
        ("scope", "orders:read everything", Some("invalid_scope")),
    ] {
        let mut fields = asking();
        fields.retain(|(other, _)| *other != name);
        fields.push((name, value.to_owned()));
        let answer = stage.get(&address(&fields)).await;
        match error {
            None => assert_eq!((answer.status, answer.location), (400, None), "{name}"),
            Some(error) => assert_eq!(answer.sent("error").as_deref(), Some(error), "{name}"),
        }
        fields.push((name, value.to_owned()));
        assert_ne!(stage.get(&address(&fields)).await.status, 200, "{name} twice");
    }
    let mut denied = asking();
    denied.push(("decision", "deny".to_owned()));
    let denied: Vec<(&str, &str)> = denied.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let denied = stage.submit("/oauth/authorize", &denied).await;
    assert_eq!(
        (denied.sent("error").as_deref(), denied.sent("state").as_deref()),
        (Some("access_denied"), Some("s"))
    );
}

#[tokio::test]
async fn tokens_work_until_they_are_renewed_or_withdrawn() {
    let stage = Stage::new();
    let (access, refresh) = stage.tokens().await;
    let me = stage.call(&access, "GET", "/api/me", None).await;
    assert_eq!((me.status, &me.json()["id"]), (200, &json!("shop_1")));
    let renewal = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let renewed = stage.token(&renewal).await.json();
    let newer = renewed["access_token"].as_str().unwrap();
    assert_eq!(stage.call(&access, "GET", "/api/me", None).await.status, 401);
    assert_eq!(stage.call(newer, "GET", "/api/orders/1001", None).await.json()["paid"], 4800);
    assert_eq!(
        stage.call(newer, "POST", "/api/orders/1001/notes", Some(json!({"text": "x"}))).await.status,
        403
    );
    assert_eq!(stage.submit("/withdraw", &[]).await.status, 303);
    assert_eq!(stage.call(newer, "GET", "/api/me", None).await.status, 401);
    let newest =
        [("grant_type", "refresh_token"), ("refresh_token", renewed["refresh_token"].as_str().unwrap())];
    assert_eq!(stage.token(&newest).await.json()["error"], "invalid_grant");
    assert_eq!(
        stage.send(Request::post("/oauth/token"), form(&newest)).await.status,
        401,
        "without its secret"
    );
}

#[tokio::test]
async fn its_page_shows_what_arrived_and_no_token() {
    let stage = Stage::new();
    let (access, refresh) = stage.tokens().await;
    let refund = json!({"order": "1001", "amount": 500, "currency": "EUR", "reason": "A broken <lid>"});
    assert_eq!(stage.call(&access, "POST", "/api/refunds", Some(refund)).await.status, 201);
    stage.call(&access, "GET", &format!("/api/orders/1001?access_token={access}"), None).await;
    let page = stage.get("/").await.text;
    for shown in ["POST /api/refunds", "5.00 EUR", "A broken &lt;lid&gt;", "grant_type=authorization_code"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(
        !page.contains(&access)
            && !page.contains(&refresh)
            && !page.contains(VERIFIER)
            && !page.contains(stage.secret.expose()),
        "{page}"
    );
}

#[tokio::test]
async fn it_can_be_out_of_order_and_lose_its_answers() {
    let stage = Stage::new();
    let (access, _) = stage.tokens().await;
    let refund = || Some(json!({"order": "1002", "amount": 1, "currency": "EUR"}));
    assert_eq!(stage.submit("/mode", &[("mode", "failing")]).await.status, 303);
    assert_eq!(stage.call(&access, "POST", "/api/refunds", refund()).await.status, 503);
    assert_eq!(stage.submit("/mode", &[("mode", "losing")]).await.status, 303);
    assert_eq!(stage.call(&access, "POST", "/api/refunds", refund()).await.status, 502);
    let made = stage.call(&access, "GET", "/api/refunds?order=1002", None).await.json();
    assert_eq!(
        made["refunds"].as_array().unwrap().len(),
        1,
        "the second was made, the first was not: {made}"
    );
    assert_eq!(stage.submit("/mode", &[("mode", "odd")]).await.status, 400);
}

#[tokio::test]
async fn other_sites_and_other_names_get_nothing() {
    let stage = Stage::new();
    for host in ["rebind.example:8081", "127.0.0.1:8081", "127.0.0.2"] {
        assert_eq!(stage.send(Request::get("/").header(header::HOST, host), String::new()).await.status, 421);
    }
    let twice = Request::get("/").header(header::HOST, &ORIGIN[7..]).header(header::HOST, "evil.example");
    assert_eq!(stage.send(twice, String::new()).await.status, 421);
    for origin in [Some("http://evil.example"), Some("null"), None] {
        let request = Request::post("/withdraw");
        let request = match origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        };
        assert_eq!(stage.send(request, String::new()).await.status, 403, "{origin:?}");
    }
}
