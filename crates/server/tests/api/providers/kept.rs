//! Connects providers of which more is kept than tokens: what the redirect back says.

use integrations_core::catalog::Catalog;
use reqwest::Url;
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::Value;

use super::{is_connected, leads_away, on_both_played, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server},
};

on_both_played!(a_value_of_the_redirect_is_kept,);

/// A file whose API has the realm of the redirect back in its addresses.
const REDIRECT: &str = r#"
format = 2
key = "redirect"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://redirect.example/{realm}"

[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://redirect.example/authorize"
token_url = "https://redirect.example/token"
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = true
[[auth.oauth.kept]]
name = "realm"
parameter = "realmId"
pattern = '^[0-9]+$'
mismatch = "Expected a number"
example = "4711"
required = true
[auth.request]
headers = { Authorization = "Bearer {access_token}" }

[account]
source = "probe"
id = ["{realm}"]
name = ["/name"]

[probe]
method = "GET"
url = "https://redirect.example/{realm}/me"
good_statuses = [200]
refused_statuses = [401]
"#;

const REDIRECT_EXPECTED: &str = r#"
provider = "redirect"
[[accounts]]
realm = "4711"
[[accounts]]
realm = "../admin"
[authorize]
host = "redirect.example"
path = "/authorize"
pkce = "undocumented"
further = { realmId = "{realm}" }
[authorize.parameters]
client_id = "required"
redirect_uri = "required"
state = "required"
[token]
host = "redirect.example"
path = "/token"
formats = ["form"]
client_auth = ["body"]
pkce_error = "invalid_grant"
[token.parameters]
redirect_uri = "required"
[token.refresh]
rotates = true
[token.answer]
access_token = "SECRET-token-{serial}"
refresh_token = "SECRET-refresh-{serial}"
[token.error]
status = 400
body = { error = "{error}" }
[token.errors]
client = "invalid_client"
code = "invalid_grant"
redirect_uri = "invalid_grant"
grant_type = "unsupported_grant_type"
request = "invalid_request"
[[calls]]
method = "GET"
host = "redirect.example"
path = "/{realm}/me"
headers = { authorization = "Bearer {access_token}" }
answer = { name = "Ada" }
refusal = { status = 401, body = {} }
"#;

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let files = [("redirect", REDIRECT)].map(|(key, text)| (format!("{key}.toml"), text.to_owned()));
    let simulator = Simulator::start_as_told(&[REDIRECT_EXPECTED]).await;
    play(backend, Catalog::default().with_files(files).unwrap(), simulator, test).await;
}

/// Leaves for the provider and allows what it asks. Returns the address that it leads back to.
async fn consent(visitor: &Visitor<'_>, server: &Server, simulator: &Simulator, provider: &str) -> Url {
    let form = visitor.get(&server.page(provider)).await.form("/connect");
    simulator.decide(&leads_away(&visitor.submit(&form).await), Decision::Allow).await
}

/// Comes back from the provider, and goes to where that leads.
async fn come_back(visitor: &Visitor<'_>, back: &Url) -> Page {
    let page = visitor.come_back(back).await;
    if page.status == 303 { visitor.follow(&page).await } else { page }
}

/// How often a provider was asked for tokens.
fn exchanges(simulator: &Simulator) -> usize {
    simulator.requests().iter().filter(|one| one.path == "/token").count()
}

async fn a_value_of_the_redirect_is_kept(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let consent = async || consent(&visitor, server, simulator, "redirect").await;
    // One that would lead elsewhere is refused before the code is exchanged, and so is what is written into an address.
    simulator.switch(|switches| switches.account = 1);
    come_back(&visitor, &consent().await).await.says(400, "its realmId is not one");
    simulator.switch(|switches| switches.account = 0);
    for (from, to, words) in [
        ("realmId=4711", "realmId=", "it has no realmId"),
        ("realmId=4711", "realm=4711", "it has no realmId"),
        ("realmId=4711", "realmId=4711&realmId=4712", "it has more than one realmId"),
        ("realmId=4711", "realmId=evil.example%2F", "its realmId is not one"),
        ("realmId=4711", "realmId=4711%0A", "its realmId is not one"),
    ] {
        let back = consent().await;
        assert!(back.as_str().contains(from), "{back}");
        let forged = back.as_str().replace(from, to).parse().unwrap();
        come_back(&visitor, &forged).await.says(400, words);
        // The state was used up by that.
        come_back(&visitor, &back).await.says(400, words);
    }
    assert_eq!(exchanges(simulator), 0);
    assert_eq!(server.integration("redirect").await, Value::Null);
    is_connected(server, "redirect", &visitor.come_back(&consent().await).await);
    assert_eq!(server.integration("redirect").await["account"]["id"], "4711");
    // It stays when the tokens are renewed, though no answer has it.
    assert!(simulator.end_access("redirect"));
    assert_eq!(server.check("redirect").await.data()["health_status"], "healthy");
    assert_eq!((exchanges(simulator), simulator.complaints()), (2, Vec::new()));
}
