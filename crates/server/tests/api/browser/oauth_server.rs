//! An independent OAuth server (npm's oidc-provider, set up by `node/provider.mjs`), and a test that it is as strict as
//! the other tests assume.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use riq_testing::certificates::Authority;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{
    browser::chromium::{Browser, Programs, in_browser},
    support::{Backend, Server, TestDatabase, process::Process},
};

/// Its host name, for which it has a certificate.
pub(crate) const HOST: &str = "oauth.example.test";

/// An MCP server that it may guard, and its host name.
pub(crate) const RESOURCE: &str = "https://mcp.example.test/mcp";
pub(crate) const RESOURCE_HOST: &str = "mcp.example.test";

/// The only client that it knows. Its secret contains characters that form-encoding changes (RFC 6749, section 2.3.1).
pub(crate) const CLIENT_ID: &str = "riq-tests";
pub(crate) const CLIENT_SECRET: &str = "SECRET+of%the/client&riq=tests";

/// The running server. It ends when the value is dropped.
pub(crate) struct OAuthServer {
    pub(crate) address: SocketAddr,
    /// The authority that signed its certificate.
    pub(crate) authority: Authority,
    _process: Process,
}

impl OAuthServer {
    /// Starts it for a client at one redirect URI.
    pub(crate) fn start(programs: &Programs, redirect_uri: &str) -> Self {
        Self::start_for(programs, redirect_uri, &json!({}))
    }

    /// Starts it for a client at one redirect URI, with more of the client's metadata.
    pub(crate) fn start_for(programs: &Programs, redirect_uri: &str, client: &Value) -> Self {
        Self::start_with(programs, redirect_uri, client, None)
    }

    /// Starts it for clients that register themselves, and guarding [`RESOURCE`].
    pub(crate) fn start_guarding(programs: &Programs) -> Self {
        Self::start_with(programs, "https://nobody.example.test/", &json!({}), Some(RESOURCE))
    }

    fn start_with(programs: &Programs, redirect_uri: &str, client: &Value, resource: Option<&str>) -> Self {
        let authority = Authority::new().unwrap();
        let certificate = authority.certify(&[HOST, RESOURCE_HOST]).unwrap();
        let settings = json!({
            "resource": resource,
            "issuer": issuer(),
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [redirect_uri],
            "client": client,
            "certificate": certificate.certificate,
            "key": certificate.key,
        });
        let mut command = Command::new(&programs.node);
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/browser/node/provider.mjs"))
            .env("RIQ_TEST_NODE_MODULES", &programs.modules)
            .env("RIQ_TEST_OAUTH_SERVER", settings.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = Process::spawn(command);
        process
            .wait_for_address(|process| process.stdout().trim().strip_prefix("listening on ")?.parse().ok());
        Self { address: process.address, authority, _process: process }
    }
}

/// Its issuer identifier.
pub(crate) fn issuer() -> String {
    format!("https://{HOST}")
}

/// Signs in at its page as `login`, and consents.
pub(crate) async fn approve(browser: &Browser, login: &str) {
    sign_in(browser, login).await;
    browser.element("input[name=prompt][value=consent]").await;
    browser.follow("button[type=submit]").await;
}

/// Signs in at its page, and cancels when it asks for consent.
pub(crate) async fn deny(browser: &Browser, login: &str) {
    sign_in(browser, login).await;
    browser.follow(".login-help a").await;
}

async fn sign_in(browser: &Browser, login: &str) {
    browser.fill("input[name=login]", login).await;
    browser.fill("input[name=password]", "any").await;
    browser.follow("button[type=submit]").await;
}

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// The address that the browser is sent to, with or without PKCE.
fn authorize_url(redirect_uri: &str, pkce: bool) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let parameters = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", redirect_uri),
        ("scope", "openid offline_access"),
        ("prompt", "login consent"),
        ("state", "a state"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let given = parameters.into_iter().filter(|(name, _)| pkce || !name.starts_with("code_challenge"));
    Url::parse_with_params(&format!("{}/auth", issuer()), given).unwrap().into()
}

/// The parameters of the address that the window was sent back to.
async fn answer(browser: &Browser, redirect_uri: &str) -> Value {
    let url = browser.url().await;
    assert!(url.as_str().starts_with(redirect_uri), "{url}");
    url.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect()
}

/// A token request of the only client.
async fn token(oauth: &OAuthServer, parameters: &[(&str, &str)]) -> Value {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let certificate = reqwest::Certificate::from_pem(oauth.authority.pem().as_bytes()).unwrap();
    let client =
        reqwest::Client::builder().no_proxy().resolve(HOST, oauth.address).tls_certs_only([certificate]);
    let request = client
        .build()
        .unwrap()
        .post(format!("{}/token", issuer()))
        .basic_auth(encoded(CLIENT_ID), Some(encoded(CLIENT_SECRET)))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish());
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oauth_server_is_strict() {
    let Some(programs) = Programs::find() else { return };
    let server = Server::start(TestDatabase::create(Backend::Sqlite).await.unwrap()).await;
    let redirect_uri = format!("http://{}/oauth/callback", server.address);
    let oauth = OAuthServer::start(&programs, &redirect_uri);
    in_browser(
        &programs,
        "the_oauth_server_is_strict",
        &[(HOST.to_owned(), oauth.address)],
        async |browser| {
            browser.open(&authorize_url(&redirect_uri, false)).await;
            let refused = answer(browser, &redirect_uri).await;
            assert_eq!(refused["error"], "invalid_request", "PKCE is left out: {refused}");

            browser.open(&authorize_url(&redirect_uri, true)).await;
            deny(browser, "ann").await;
            let denied = answer(browser, &redirect_uri).await;
            assert_eq!((&denied["error"], &denied["iss"]), (&json!("access_denied"), &json!(issuer())));

            browser.open(&authorize_url(&redirect_uri, true)).await;
            approve(browser, "ann").await;
            let granted = answer(browser, &redirect_uri).await;
            assert_eq!((&granted["state"], &granted["iss"]), (&json!("a state"), &json!(issuer())));
            let exchange = [
                ("grant_type", "authorization_code"),
                ("code", granted["code"].as_str().unwrap()),
                ("redirect_uri", &redirect_uri),
                ("code_verifier", VERIFIER),
            ];
            let first = token(&oauth, &exchange).await;
            let refresh = |token: &Value| token["refresh_token"].as_str().unwrap().to_owned();
            let renewal = [("grant_type", "refresh_token"), ("refresh_token", &refresh(&first))];
            let second = token(&oauth, &renewal).await;
            assert_ne!(refresh(&first), refresh(&second));
            assert_eq!(
                token(&oauth, &renewal).await["error"],
                "invalid_grant",
                "a refresh token is used twice"
            );
        },
    )
    .await;
    server.stop().await;
}
