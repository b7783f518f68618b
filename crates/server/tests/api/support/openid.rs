//! An OpenID Connect provider that a test plays: it says what the test wants, and signs it. On this machine it needs no
//! TLS.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    response::{IntoResponse as _, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Method, StatusCode, Uri};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use riq_server::provider::openid::OpenIdSettings;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::{net::TcpListener, task::JoinHandle};
use url::{Url, form_urlencoded};

/// The event of a logout token.
pub(crate) const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

const CLIENT_ID: &str = "riq";
const CLIENT_SECRET: &str = "SECRET+of%the/relying&party";
const ACCESS_TOKEN: &str = "SECRET-access-token";

/// What the provider says, which a test changes.
#[derive(Clone, Debug)]
pub(crate) struct Says {
    /// The number of the key that it signs with, and the keys that it publishes.
    pub(crate) key: u8,
    pub(crate) published: Vec<u8>,
    /// The `kid` of what it signs, if not that of the key.
    pub(crate) kid: Option<String>,
    /// Claims of the ID token; null leaves one out.
    pub(crate) id_token: Value,
    /// The userinfo. Null: the endpoint fails.
    pub(crate) userinfo: Value,
    /// Members of the discovery document.
    pub(crate) document: Value,
    /// Whether it answers at all.
    pub(crate) is_up: bool,
    /// The time.
    pub(crate) now: OffsetDateTime,
}

#[derive(Debug)]
struct State {
    says: Says,
    /// Code → the query of the request that it was given for.
    codes: HashMap<String, HashMap<String, String>>,
    asked: Vec<String>,
}

/// The provider, until it is dropped.
pub(crate) struct IdentityProvider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The key of a number. Its seed is the number, so it is no secret.
fn key(number: u8) -> CoreEdDsaPrivateSigningKey {
    // RFC 8410, section 7: the form of an Ed25519 key, and then its seed.
    let mut der =
        vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend([number; 32]);
    let pem = format!("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n", "PRIVATE KEY", STANDARD.encode(der));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(kid(number)))).unwrap()
}

fn kid(number: u8) -> String {
    format!("key-{number}")
}

/// Signs a token (RFC 7515, section 7.1).
fn signed(number: u8, header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = key(number).sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn merged(base: Value, over: &Value) -> Value {
    let mut whole = base.as_object().unwrap().clone();
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            whole.remove(name)
        } else {
            whole.insert(name.clone(), value.clone())
        };
    }
    Value::Object(whole)
}

impl IdentityProvider {
    pub(crate) async fn start(now: OffsetDateTime) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let says = Says {
            key: 1,
            published: vec![1],
            kid: None,
            id_token: json!({}),
            userinfo: Value::Null,
            document: json!({}),
            is_up: true,
            now,
        };
        let state = Arc::new(Mutex::new(State { says, codes: HashMap::new(), asked: Vec::new() }));
        let answering = Arc::clone(&state);
        let routes =
            Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                let answer = answering.lock().unwrap().answer(address, &method, &uri, &headers, &body);
                std::future::ready(answer)
            });
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, state, task }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The settings of a server whose people sign in here.
    pub(crate) fn settings(&self, roles: &[String]) -> OpenIdSettings {
        OpenIdSettings {
            issuer: self.issuer().parse().unwrap(),
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            scopes: vec!["openid".into(), "profile".into()],
            roles_claim: "/groups".parse().unwrap(),
            roles: roles.iter().map(|grant| grant.parse().unwrap()).collect(),
        }
    }

    /// Changes what it says.
    pub(crate) fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.state.lock().unwrap().says);
    }

    /// Lets a person sign in at an authorize address. Returns the query of the redirect back.
    pub(crate) fn authorize(&self, address: &Url) -> String {
        let asked: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(address.path(), "/authorize");
        for (name, value) in [
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{address}");
        }
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{address}");
        let mut state = self.state.lock().unwrap();
        let code = format!("SECRET-code-{}", state.codes.len());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("code", &code), ("state", &asked["state"]), ("iss", &self.issuer())])
            .finish();
        state.codes.insert(code, asked);
        query
    }

    /// A logout token with these claims beside the usual ones.
    pub(crate) fn logout_token(&self, claims: &Value) -> String {
        let says = self.state.lock().unwrap().says.clone();
        let usual = json!({
            "iss": self.issuer(), "aud": CLIENT_ID, "iat": says.now.unix_timestamp(),
            "exp": says.now.unix_timestamp() + 120, "events": {LOGOUT: {}},
        });
        let header = json!({"alg": "EdDSA", "kid": kid(says.key), "typ": "logout+jwt"});
        signed(says.key, &header, &merged(usual, claims))
    }

    /// An ID token for this nonce, as it would be given now.
    pub(crate) fn id_token(&self, nonce: &str) -> String {
        self.state.lock().unwrap().id_token(self.address, nonce)
    }

    /// How often this path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|one| *one == path).count()
    }
}

impl State {
    fn answer(
        &mut self,
        address: SocketAddr,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Response {
        self.asked.push(uri.path().to_owned());
        if !self.says.is_up {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap());
        let answer = match (method.as_str(), uri.path()) {
            ("GET", "/.well-known/openid-configuration") => {
                let at = |path: &str| format!("http://{address}{path}");
                let document = json!({
                    "issuer": at(""), "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
                    "jwks_uri": at("/keys"), "userinfo_endpoint": at("/userinfo"),
                    "authorization_response_iss_parameter_supported": true,
                });
                merged(document, &self.says.document)
            }
            ("GET", "/keys") => {
                let keys = self.says.published.iter().map(|number| key(*number).as_verification_key());
                json!({"keys": keys.collect::<Vec<_>>()})
            }
            ("POST", "/token") => return self.token(address, authorization, body),
            ("GET", "/userinfo") => {
                assert_eq!(authorization, Some(format!("Bearer {ACCESS_TOKEN}").as_str()));
                if self.says.userinfo.is_null() {
                    return StatusCode::FORBIDDEN.into_response();
                }
                self.says.userinfo.clone()
            }
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        let date = httpdate::fmt_http_date(self.says.now.into());
        ([("content-type", "application/json"), ("date", date.as_str())], answer.to_string()).into_response()
    }

    fn token(&mut self, address: SocketAddr, authorization: Option<&str>, body: &Bytes) -> Response {
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET)));
        assert_eq!(authorization, Some(format!("Basic {basic}").as_str()));
        // A code is good once.
        let Some(asked) = self.codes.remove(&form["code"]) else {
            let refused = json!({"error": "invalid_grant"}).to_string();
            return (StatusCode::BAD_REQUEST, refused).into_response();
        };
        assert_eq!(form["redirect_uri"], asked["redirect_uri"]);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
        assert_eq!(challenge, asked["code_challenge"]);
        let answer = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": "3600",
            "id_token": self.id_token(address, &asked["nonce"]),
        });
        ([("content-type", "application/json")], answer.to_string()).into_response()
    }

    fn id_token(&self, address: SocketAddr, nonce: &str) -> String {
        let Says { key, kid: named, id_token, now, .. } = &self.says;
        let now = now.unix_timestamp();
        let usual = json!({
            "iss": format!("http://{address}"), "sub": "s1", "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "nonce": nonce, "auth_time": now - 10, "sid": "sid-1", "name": "Ann & Co", "email": "ann@example.com",
        });
        let header = json!({"alg": "EdDSA", "kid": named.clone().unwrap_or_else(|| kid(*key))});
        signed(*key, &header, &merged(usual, id_token))
    }
}

/// The claims of an ID token in which a person is in these groups.
pub(crate) fn in_groups(groups: &[&str]) -> Value {
    let claims = Map::from_iter([("groups".to_owned(), json!(groups))]);
    Value::Object(claims)
}
