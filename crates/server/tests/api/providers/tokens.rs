//! Connects providers whose forms get access tokens by a request of the file, or sign them with a key.

use integrations_core::catalog::Catalog;
use riq_testing::{
    providers::simulator::{Simulator, TokenSwitch},
    signing_keys::{P256, P256_OTHER, RSA_OTHER, RSA_PKCS1, RSA_PKCS8, RSA_SHORT},
};
use serde_json::{Value, json};
use time::Duration;

use super::{is_connected, on_both_played, play};
use crate::{
    dashboard::visitor::{Form, Page, Visitor},
    support::{Backend, Server},
};

on_both_played!(
    what_was_typed_is_exchanged_and_refreshed,
    a_signed_assertion_is_exchanged_once,
    a_signed_assertion_is_the_token,
);

/// A file, with its way to log in.
fn file(key: &str, way: &str) -> (String, String) {
    let text = format!(
        r#"
format = 2
key = "{key}"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://{key}.example"

[[auth]]
{way}
[auth.request]
headers = {{ Authorization = "Bearer {{access_token}}" }}

[account]
source = "probe"
id = ["/id"]
name = ["/name"]

[probe]
method = "GET"
url = "https://{key}.example/me"
good_statuses = [200]
refused_statuses = [401]
"#
    );
    (format!("{key}.toml"), text)
}

const EXCHANGE: &str = r#"
kind = "token_exchange"
[[auth.fields]]
key = "user"
label = "User"
help = "The user."
pattern = '^[a-z]+$'
mismatch = "Expected a name"
secret = false
[[auth.fields]]
key = "password"
label = "Password"
help = "The password."
[auth.token.request]
method = "POST"
url = "https://exchange.example/users/{user}/tokens"
headers = { X-Acme = "{user}" }
json = { password = "{password}", days = 1 }
[auth.token.refresh]
method = "PUT"
url = "https://exchange.example/tokens"
form = { token = "{refresh_token}" }
[auth.token.answer]
access_token = "/data/token"
refresh_token = "/data/next"
expires_in = "/data/minutes"
expires_unit = "minutes"
error = ["/reason"]
[auth.revoke.token]
method = "DELETE"
url = "https://exchange.example/tokens/current"
sends_credential = true
"#;

const EXCHANGE_EXPECTED: &str = r#"
provider = "exchange"
[[accounts]]
user = "ada"
password = "SECRET-right"
[[grants]]
way = "token_exchange"
method = "POST"
host = "exchange.example"
path = "/users/{user}/tokens"
headers = { x-acme = "{user}" }
json = { password = "{password}", days = 1 }
token = "/data/token"
refresh_token = "/data/next"
answer = { data = { token = "SECRET-token-{serial}", next = "SECRET-next-{serial}", minutes = 60 } }
refusal = { status = 403, body = { reason = "{error}" } }
error = "invalid_grant"
[[grants]]
way = "token_exchange"
method = "PUT"
host = "exchange.example"
path = "/tokens"
form = { token = "{refresh_token}" }
takes_refresh_token = true
token = "/data/token"
refresh_token = "/data/next"
answer = { data = { token = "SECRET-token-{serial}", next = "SECRET-next-{serial}", minutes = 60 } }
refusal = { status = 400, body = { reason = "expired" } }
[[calls]]
method = "GET"
host = "exchange.example"
path = "/me"
headers = { authorization = "Bearer {access_token}" }
answer = { id = "7", name = "Ada" }
refusal = { status = 401, body = {} }
[[revocations]]
way = "token_exchange"
method = "DELETE"
host = "exchange.example"
path = "/tokens/current"
headers = { authorization = "Bearer {access_token}" }
ends = "token"
answer = {}
refusal = { status = 401, body = {} }
"#;

/// The key, and what is shown of who signs.
const KEY: &str = r#"
kind = "jwt"
[[auth.fields]]
key = "app_id"
label = "App"
help = "The app."
pattern = '^[0-9]+$'
mismatch = "Expected a number"
secret = false
[[auth.fields]]
key = "private_key"
label = "Private key"
help = "The key."
lines = true
[auth.jwt]
key = "private_key"
header = { kid = "k{app_id}" }
claims = { iss = "{app_id}", aud = ["https://acme.example"], jti = "{jti}" }
lifetime_seconds = 540
issued_before_seconds = 60
"#;

const ASSERTED: &str = r#"
[auth.token.request]
method = "POST"
url = "https://asserted.example/token"
form = { grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion = "{assertion}" }
[auth.token.answer]
expires_in = "/none"
expires_at = "/expires_at"
"#;

const ASSERTED_EXPECTED: &str = r#"
provider = "asserted"
[[accounts]]
app = "7"
[[grants]]
way = "jwt"
method = "POST"
host = "asserted.example"
path = "/token"
form = { grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion = "~.+" }
answer = { access_token = "SECRET-asserted-{serial}", expires_at = "2099-01-01T00:00:00Z" }
refusal = { status = 400, body = { error = "{error}" } }
error = "invalid_grant"
[grants.assertion]
field = "assertion"
algorithm = "PS256"
header = { kid = "k{app}" }
claims = { iss = "{app}", aud = ["https://acme.example"], jti = "~[A-Za-z0-9_-]{22}" }
longest_seconds = 600
[[calls]]
method = "GET"
host = "asserted.example"
path = "/me"
headers = { authorization = "Bearer {access_token}" }
answer = { id = "7", name = "Ada" }
refusal = { status = 401, body = {} }
"#;

const SIGNED_EXPECTED: &str = r#"
provider = "signed"
[[accounts]]
app = "7"
[signed]
credential = { app_id = "7", private_key = "{p256_key}" }
[signed.assertion]
algorithm = "ES256"
header = { kid = "k{app}" }
claims = { iss = "{app}", aud = ["https://acme.example"], jti = "~.+" }
longest_seconds = 600
[[calls]]
method = "GET"
host = "signed.example"
path = "/me"
headers = { authorization = "Bearer {access_token}" }
answer = { id = "7", name = "Ada" }
refusal = { status = 401, body = {} }
"#;

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let key =
        |algorithm: &str| KEY.replace("[auth.jwt]\n", &format!("[auth.jwt]\nalgorithm = \"{algorithm}\"\n"));
    let files = [
        file("exchange", EXCHANGE),
        file("asserted", &format!("{}{ASSERTED}", key("PS256"))),
        file("signed", &key("ES256")),
    ];
    let catalog = Catalog::default().with_files(files).unwrap();
    let expected = [EXCHANGE_EXPECTED, ASSERTED_EXPECTED, SIGNED_EXPECTED];
    play(backend, catalog, Simulator::start_as_told(&expected).await, test).await;
}

async fn form_of(visitor: &Visitor<'_>, server: &Server, provider: &str) -> Form {
    visitor.get(&server.page(provider)).await.form("/connect")
}

async fn checked(server: &Server, provider: &str) -> Value {
    server.check(provider).await.data().clone()
}

/// Asserts that nothing of a credential is shown, in the API or in the log of changes.
async fn nothing_is_shown(server: &Server, provider: &str) {
    let audit = format!("/api/v1/projects/{}/audit?provider={provider}", server.project);
    let shown =
        [server.call("GET", &audit).send().await.text, server.integration(provider).await.to_string()];
    assert!(!shown.iter().any(|text| text.contains("SECRET-") || text.contains("PRIVATE KEY")), "{shown:?}");
}

/// The requests for a token that a provider got, by their methods.
fn asked(simulator: &Simulator, host: &str) -> Vec<String> {
    let is_asked = |path: &str| path.ends_with("/tokens") || path.ends_with("/token");
    let requests = simulator.requests().into_iter();
    requests.filter(|one| one.host == host && is_asked(&one.path)).map(|one| one.method).collect()
}

async fn what_was_typed_is_exchanged_and_refreshed(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let form = form_of(&visitor, server, "exchange").await.with("connection.user", "ada");
    let send =
        async |password: &str| visitor.submit(&form.clone().with("credential.password", password)).await;
    send("SECRET-wrong").await.says(422, "Acme does not accept what was entered to log in (invalid_grant)");
    simulator.switch(|switches| switches.token = TokenSwitch::ServerError);
    send("SECRET-right").await.says(502, "not available");
    simulator.switch(|switches| switches.token = TokenSwitch::Usual);
    assert_eq!(server.integration("exchange").await, Value::Null);
    simulator.forgive(0);
    is_connected(server, "exchange", &send("SECRET-right").await);
    let credential = server.integration("exchange").await["credential"].clone();
    assert_eq!((&credential["kind"], &credential["renewable"]), (&json!("api_key"), &json!(true)));
    let before = asked(simulator, "exchange.example").len();
    // Shortly before it expires, the refresh token gets the next one.
    server.clock.advance(Duration::minutes(55));
    assert_eq!(checked(server, "exchange").await["health_status"], "healthy");
    assert_eq!(asked(simulator, "exchange.example")[before..], ["PUT"]);
    // A refresh token that is refused does not matter: what was typed gets the next one.
    simulator.forget_tokens();
    assert_eq!(checked(server, "exchange").await["health_status"], "healthy");
    assert_eq!(asked(simulator, "exchange.example")[before..], ["PUT", "PUT", "POST"]);
    nothing_is_shown(server, "exchange").await;
    let ended = server.call("DELETE", &server.at("/exchange?revoke=true")).send().await;
    assert_eq!(ended.data()["revocation"], "revoked", "{}", ended.data());
}

/// Sends the form with a key.
async fn with_key(visitor: &Visitor<'_>, form: &Form, key: &str) -> Page {
    visitor.submit(&form.clone().with("credential.private_key", key)).await
}

async fn a_signed_assertion_is_exchanged_once(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let form = form_of(&visitor, server, "asserted").await.with("connection.app_id", "7");
    for (rubbish, words) in [
        ("SECRET-key", "Expected a private key in PEM"),
        (&RSA_PKCS8[..200], "The key breaks off"),
        (RSA_SHORT, "Expected an RSA private key of 2048 to 4096 bits"),
        (P256, "Expected an RSA private key"),
    ] {
        let page = with_key(&visitor, &form, rubbish).await;
        assert_eq!(page.status, 422);
        assert!(page.problem("credential.private_key").unwrap().contains(words), "{}", page.words());
        assert!(!page.text.contains("SECRET-key") && !page.text.contains(&RSA_PKCS8[60..120]));
    }
    assert_eq!(asked(simulator, "asserted.example"), [""; 0]);
    let refused = with_key(&visitor, &form, RSA_OTHER).await;
    refused.says(422, "Acme does not accept what is signed with the key (invalid_grant)");
    simulator.forgive(0);
    // As it stands in a file of JSON.
    let pasted = format!("{{\"private_key\": \"{}\"}}", RSA_PKCS1.replace('\n', "\\n"));
    is_connected(server, "asserted", &with_key(&visitor, &form, &pasted).await);
    let integration = server.integration("asserted").await;
    assert_eq!(integration["credential"]["expires_at"], "2099-01-01T00:00:00Z");
    // Each assertion is another one, so that none is taken for a replay.
    simulator.switch(|switches| switches.refuse_next_calls = 1);
    assert_eq!(checked(server, "asserted").await["health_status"], "healthy");
    assert_eq!(simulator.complaints(), [""; 0]);
    nothing_is_shown(server, "asserted").await;
}

async fn a_signed_assertion_is_the_token(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let form = form_of(&visitor, server, "signed").await.with("connection.app_id", "7");
    with_key(&visitor, &form, P256_OTHER).await.says(422, "Acme does not accept the access token");
    simulator.switch(|switches| switches.break_calls = true);
    with_key(&visitor, &form, P256).await.says(502, "Acme has trouble");
    simulator.switch(|switches| switches.break_calls = false);
    assert_eq!(server.integration("signed").await, Value::Null);
    simulator.forgive(0);
    is_connected(server, "signed", &with_key(&visitor, &form, P256).await);
    let sent = || {
        simulator
            .requests()
            .last()
            .unwrap()
            .headers
            .iter()
            .find(|(name, _)| name == "authorization")
            .unwrap()
            .1
            .clone()
    };
    let before = sent();
    checked(server, "signed").await;
    assert_eq!(sent(), before);
    // Nine minutes later it is another one, and nobody was asked.
    server.clock.advance(Duration::minutes(9));
    assert_eq!(checked(server, "signed").await["health_status"], "healthy");
    assert_ne!(sent(), before);
    assert_eq!(simulator.complaints(), [""; 0]);
    nothing_is_shown(server, "signed").await;
}
