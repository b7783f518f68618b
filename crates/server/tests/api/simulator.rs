//! Checks that the simulated providers are as strict as the other tests assume.

use integrations_core::{
    catalog::{AuthKind, Catalog},
    oauth::verify_callback,
};
use reqwest::{StatusCode, Url, header};
use riq_testing::providers::simulator::{Decision, Simulator, TokenSwitch};
use serde_json::{Value, json};

const REDIRECT_URI: &str = "https://integrations.example.com/oauth/callback";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn simulator() -> Simulator {
    let simulator = Simulator::start().await;
    simulator.register(REDIRECT_URI);
    simulator
}

fn url(base: &str, parameters: &[(&str, &str)]) -> String {
    Url::parse_with_params(base, parameters).unwrap().into()
}

/// Linear's consent page, for both scopes and with PKCE.
fn linear() -> String {
    url(
        "https://linear.app/oauth/authorize",
        &[
            ("client_id", "linear-client"),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "read,write"),
            ("state", "a state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ],
    )
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// An authorization code of Linear.
async fn code(simulator: &Simulator) -> String {
    let back = simulator.decide(&linear(), Decision::Allow).await;
    parameter(&back, "code").unwrap()
}

/// A token request to Linear with some parameters changed. An empty one is left out.
async fn exchange(simulator: &Simulator, code: &str, changes: &[(&str, &str)]) -> (StatusCode, Value) {
    let (id, secret) = simulator.app("linear");
    let usual = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", &id),
        ("client_secret", &secret),
        ("code_verifier", VERIFIER),
    ];
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    let parameters = usual.iter().filter(|(name, _)| !changed(name)).chain(changes);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters.filter(|(_, value)| !value.is_empty()))
        .finish();
    let request = simulator
        .client()
        .post("https://api.linear.app/oauth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_flow_as_it_is_documented_is_granted() {
    let simulator = simulator().await;
    let back = simulator.decide(&linear(), Decision::Allow).await;
    assert!(back.as_str().starts_with(REDIRECT_URI));
    assert_eq!(parameter(&back, "state").unwrap(), "a state");
    let (status, token) = exchange(&simulator, &parameter(&back, "code").unwrap(), &[]).await;
    assert_eq!((status, &token["scope"]), (StatusCode::OK, &json!("read write")));
    let access_token = token["access_token"].as_str().unwrap();
    assert!(access_token.starts_with("SECRET-"));
    let query = json!({"query": "{ organization { id name } }"});
    let call =
        simulator.client().post("https://api.linear.app/graphql").bearer_auth(access_token).json(&query);
    let answer: Value = call.send().await.unwrap().json().await.unwrap();
    let organization = json!({"id": "b8d1a1a5-6d53-4a65-9c4f-2f1d4b6a7e11", "name": "Acme Engineering"});
    assert_eq!(answer, json!({"data": {"organization": organization}}));
    assert_eq!(simulator.complaints(), [""; 0]);
    assert_eq!(simulator.requests().len(), 4);
}

/// Asserts that a token request with these changes is refused with this code and for this reason.
async fn refused(changes: &[(&str, &str)], error: &str, why: &str) {
    let simulator = simulator().await;
    let code = code(&simulator).await;
    let (status, answer) = exchange(&simulator, &code, changes).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!(error)));
    let complaints = simulator.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains(why), "{complaints:?}");
}

#[tokio::test]
async fn what_is_not_documented_is_refused() {
    refused(&[("client_secret", "SECRET-of-somebody")], "invalid_client", "no app").await;
    refused(&[("client_secret", "")], "invalid_client", "does not authenticate").await;
    refused(&[("code_verifier", "")], "invalid_grant", "verifier is missing").await;
    refused(&[("code_verifier", &"x".repeat(43))], "invalid_grant", "does not fit").await;
    refused(&[("code", "SECRET-code-1-of-github")], "invalid_grant", "the code is unknown").await;
    refused(&[("redirect_uri", "https://evil.example")], "invalid_grant", "another redirect_uri").await;
    refused(&[("redirect_uri", "")], "invalid_request", "redirect_uri is missing").await;
    refused(&[("grant_type", "password")], "unsupported_grant_type", "grant_type").await;
    refused(&[("audience", "x")], "invalid_request", "audience is not documented").await;
}

#[tokio::test]
async fn a_code_counts_once() {
    let simulator = simulator().await;
    let code = code(&simulator).await;
    assert_eq!(exchange(&simulator, &code, &[]).await.0, StatusCode::OK);
    let (_, answer) = exchange(&simulator, &code, &[]).await;
    assert_eq!(answer["error"], "invalid_grant");
    assert_eq!(simulator.complaints().len(), 1);
}

/// A refresh at Linear.
async fn refresh(simulator: &Simulator, token: &Value) -> (StatusCode, Value) {
    let token = token["refresh_token"].as_str().unwrap();
    let left_out = ["code", "redirect_uri", "code_verifier"].map(|name| (name, ""));
    let changes = [("grant_type", "refresh_token"), ("refresh_token", token)];
    exchange(simulator, "", &[&left_out[..], &changes].concat()).await
}

#[tokio::test]
async fn a_refresh_token_counts_once_where_it_rotates() {
    let simulator = simulator().await;
    let (_, first) = exchange(&simulator, &code(&simulator).await, &[]).await;
    let (status, second) = refresh(&simulator, &first).await;
    assert_eq!((status, &second["scope"]), (StatusCode::OK, &json!("read write")));
    let call = simulator.client().post("https://api.linear.app/graphql").json(&json!({}));
    let answer = call.bearer_auth(first["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!((answer.status(), simulator.complaints().len()), (StatusCode::UNAUTHORIZED, 0));
    let (status, answer) = refresh(&simulator, &first).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    assert_eq!(refresh(&simulator, &second).await.0, StatusCode::OK);
    assert!(simulator.end_access("linear") && !simulator.end_access("linear"));
}

#[tokio::test]
async fn the_client_proves_itself_as_it_is_documented() {
    let simulator = simulator().await;
    let code = code(&simulator).await;
    let (id, secret) = simulator.app("linear");
    let form = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
    let answer = simulator
        .client()
        .post("https://api.linear.app/oauth/token")
        .basic_auth(id, Some(secret))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert!(simulator.complaints()[0].contains("by Basic"), "{:?}", simulator.complaints());
}

#[tokio::test]
async fn an_authorize_url_that_is_not_as_documented_ends_at_the_provider() {
    for (change, why) in [
        (("client_id", "somebody"), "names no app"),
        (("redirect_uri", "https://evil.example"), "not registered"),
        (("scope", "read write"), "no scope"),
        (("scope", "root"), "no scope"),
        (("response_type", "token"), "response_type is \"token\", not code"),
        (("code_challenge_method", "plain"), "S256"),
        (("audience", "x"), "audience is not documented"),
    ] {
        let simulator = simulator().await;
        let mut url: Url = linear().parse().unwrap();
        let others: Vec<(String, String)> =
            url.query_pairs().into_owned().filter(|(name, _)| name != change.0).collect();
        url.query_pairs_mut().clear().extend_pairs(others).append_pair(change.0, change.1);
        let answer = simulator.client().get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert!(simulator.complaints()[0].contains(why), "{:?}", simulator.complaints());
    }
}

#[tokio::test]
async fn a_denial_comes_back_with_the_state() {
    let simulator = simulator().await;
    let back = simulator.decide(&linear(), Decision::Deny).await;
    assert_eq!(parameter(&back, "error").unwrap(), "access_denied");
    assert_eq!(parameter(&back, "state").unwrap(), "a state");
    assert_eq!(parameter(&back, "code"), None);
}

#[tokio::test]
async fn the_switches_do_what_they_say() {
    let simulator = simulator().await;
    simulator.switch(|switches| switches.withheld = vec!["write".into()]);
    let (_, token) = exchange(&simulator, &code(&simulator).await, &[]).await;
    assert_eq!(token["scope"], "read");
    simulator.switch(|switches| switches.token = TokenSwitch::Error("invalid_grant".into()));
    assert_eq!(exchange(&simulator, &code(&simulator).await, &[]).await.1["error"], "invalid_grant");
    simulator.switch(|switches| switches.token = TokenSwitch::ServerError);
    assert_eq!(exchange(&simulator, "any", &[]).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    simulator.switch(|switches| switches.token = TokenSwitch::WebPage);
    let page = simulator.client().post("https://api.linear.app/oauth/token").send().await.unwrap();
    assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    simulator.switch(|switches| switches.token = TokenSwitch::Hang);
    let code = code(&simulator).await;
    let hanging = exchange(&simulator, &code, &[]);
    let released = async {
        tokio::task::yield_now().await;
        simulator.release();
    };
    assert_eq!(tokio::join!(hanging, released).0.0, StatusCode::OK);
    simulator.switch(|switches| switches.refuse_calls = true);
    let call = simulator.client().post("https://api.linear.app/graphql").send().await.unwrap();
    assert_eq!(call.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(simulator.complaints(), [""; 0]);
}

#[tokio::test]
async fn another_account_can_sign_in() {
    let simulator = simulator().await;
    simulator.switch(|switches| switches.account = 1);
    let (_, token) = exchange(&simulator, &code(&simulator).await, &[]).await;
    let query = json!({"query": "{ organization { name } }"});
    let call = simulator.client().post("https://api.linear.app/graphql").json(&query);
    let answer = call.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["data"]["organization"]["name"], "Another Organization");
}

#[tokio::test]
async fn a_credential_is_good_for_its_own_account() {
    let simulator = simulator().await;
    let mut answers = Vec::new();
    for (account, region) in [(0, "api"), (1, "api.eu"), (0, "api.eu")] {
        let credential = simulator.credential("mailgun", account);
        let call = simulator.client().get(format!("https://{region}.mailgun.net/v4/domains?limit=1"));
        let call = call.basic_auth("api", credential["api_key"].as_str());
        answers.push(call.send().await.unwrap().status().as_u16());
    }
    assert_eq!(answers, [200, 200, 401]);
}

#[tokio::test]
async fn every_host_is_there_with_a_certificate_of_the_authority() {
    let simulator = simulator().await;
    let certificate = reqwest::Certificate::from_pem(simulator.ca_pem().as_bytes()).unwrap();
    let mut client = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]);
    let hosts = simulator.hosts();
    for host in &hosts {
        client = client.resolve(host, simulator.address());
    }
    let client = client.build().unwrap();
    for host in &hosts {
        let answer = client.get(format!("https://{host}/nowhere")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{host}");
    }
    assert_eq!(simulator.complaints().len(), hosts.len());
}

#[tokio::test]
async fn a_call_names_what_is_wrong_with_it() {
    let simulator = simulator().await;
    let call = simulator.client().get("https://api.postmarkapp.com/server");
    let answer = call.header("x-postmark-server-token", "SECRET-wrong").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["ErrorCode"], 10);
    let complaint = simulator.complaints().pop().unwrap();
    assert!(complaint.contains("the header x-postmark-server-token is wrong"), "{complaint}");
    assert!(complaint.contains("the header accept is wrong") && !complaint.contains("SECRET"), "{complaint}");
}

#[tokio::test]
async fn shopify_signs_the_way_back() {
    let simulator = simulator().await;
    let shop = url(
        "https://another.myshopify.com/admin/oauth/authorize",
        &[
            ("client_id", "shopify-client"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "read_orders"),
            ("state", "a/state+1="),
        ],
    );
    let catalog = Catalog::embedded().unwrap();
    let shopify = catalog.get("shopify").unwrap();
    let connection = simulator.connections("shopify").pop().unwrap();
    let (_, secret) = simulator.app("shopify");
    for decision in [Decision::Allow, Decision::Deny] {
        let back = simulator.decide(&shop, decision).await;
        let query = back.query().unwrap();
        assert_eq!(verify_callback(shopify, &connection, query, secret.as_bytes()), Ok(()));
        assert!(verify_callback(shopify, &connection, query, b"other").is_err());
    }
}

#[test]
fn every_provider_of_the_catalog_is_played_and_no_other() {
    let catalog = Catalog::embedded().unwrap();
    let keys: Vec<&str> = catalog.iter().map(|provider| provider.key.as_str()).collect();
    assert_eq!(Simulator::known(), keys);
}

#[tokio::test]
async fn every_way_to_log_in_is_played() {
    let simulator = Simulator::start_with(Simulator::known()).await;
    let catalog = Catalog::embedded().unwrap();
    let by_browser = [AuthKind::OAuth.as_str(), AuthKind::Mcp.as_str()];
    let by_oauth = simulator.oauth_providers();
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    for key in catalog.iter().map(|provider| provider.key.as_str()) {
        let ways: Vec<&str> = catalog.ways(key).unwrap().iter().map(|way| way.auth.as_str()).collect();
        let is_by_oauth = by_oauth.contains(&key);
        let is_played = |kind: &str| match by_browser.contains(&kind) {
            true => is_by_oauth,
            false => simulator.typed(key, kind).is_some(),
        };
        missing.extend(ways.iter().filter(|kind| !is_played(kind)).map(|kind| format!("{key} by {kind}")));
        let is_known = |kind: &str| ways.contains(&kind);
        let oauth = if is_known(by_browser[1]) { by_browser[1] } else { by_browser[0] };
        let typed = simulator.ways(key).into_iter().map(|(kind, _)| kind);
        let played = typed.chain(is_by_oauth.then(|| oauth.to_owned()));
        unknown.extend(played.filter(|kind| !is_known(kind)).map(|kind| format!("{key} by {kind}")));
    }
    assert_eq!(missing, [""; 0]);
    assert_eq!(unknown, [""; 0], "no file has these ways");
}
