//! Connects providers of which more is kept than tokens: what the redirect back says, and what is chosen after consent.

use integrations_core::catalog::Catalog;
use reqwest::Url;
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{Person, is_connected, leads_away, on_both_played, path, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server},
};

on_both_played!(
    a_value_of_the_redirect_is_kept,
    one_of_several_is_chosen,
    a_question_is_answered_once_in_its_own_browser_and_in_time,
    a_link_takes_the_account_that_it_is_for,
    what_has_nothing_to_choose_from_is_not_connected,
);

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

/// A file whose API is at the address of the site that was chosen.
const CHOICE: &str = r#"
format = 2
key = "choice"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "{base}/v1/{site}"

[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://choice.example/authorize"
token_url = "https://choice.example/token"
scopes = []
pkce = "s256"
client_auth = "body"
refresh_rotates = true
[auth.oauth.choice]
what = "site"
url = "https://choice.example/sites"
headers = { Authorization = "OAuth {access_token}" }
list = "/sites"
label = ["/name"]
detail = "/base"
preferred = "/is_default"
[[auth.oauth.choice.kept]]
name = "site"
pointer = "/id"
pattern = '^[0-9]+$'
mismatch = "Expected a number"
example = "7"
required = true
[[auth.oauth.choice.kept]]
name = "base"
pointer = "/base"
pattern = '^https://[a-z0-9]+\.choice\.example$'
mismatch = "Expected an address at Acme"
example = "https://eu1.choice.example"
required = true
[auth.request]
headers = { Authorization = "Bearer {access_token}", X-Site = "{site}" }

[account]
source = "probe"
id = ["{site}"]
name = ["/name"]

[probe]
method = "GET"
url = "{base}/v1/{site}/me"
good_statuses = [200]
refused_statuses = [401]
"#;

/// The accounts: one with two sites and one that would lead elsewhere, one with a single site, two with nothing
/// that can be used, and one with other sites.
const CHOICE_EXPECTED: &str = r#"
provider = "choice"
[[accounts]]
sites = [
  { id = 7, name = "North <b>", base = "https://eu1.choice.example" },
  { id = 8, name = "South", base = "https://eu1.choice.example", is_default = true },
  { id = 9, name = "Trap", base = "https://eu1.choice.example.evil.example" },
]
[[accounts]]
sites = [{ id = 7, name = "North", base = "https://eu1.choice.example" }]
[[accounts]]
sites = []
[[accounts]]
sites = [
  { id = "7/../8", name = "North", base = "https://eu1.choice.example" },
  { id = 7, name = "North", base = "https://evil.example" },
  { id = 7, name = "North", base = "https://eu1.choice.example:8443" },
]
[[accounts]]
sites = [
  { id = 5, name = "West", base = "https://eu1.choice.example" },
  { id = 8, name = "South", base = "https://eu1.choice.example" },
]
[authorize]
host = "choice.example"
path = "/authorize"
pkce = "required"
[authorize.parameters]
client_id = "required"
redirect_uri = "required"
state = "required"
[token]
host = "choice.example"
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
host = "choice.example"
path = "/sites"
headers = { authorization = "OAuth {access_token}" }
answer = { sites = "{sites}" }
refusal = { status = 401, body = {} }
[[calls]]
method = "GET"
host = "eu1.choice.example"
path = "/v1/7/me"
headers = { authorization = "Bearer {access_token}", x-site = "7" }
answer = { name = "North" }
refusal = { status = 401, body = {} }
[[calls]]
method = "GET"
host = "eu1.choice.example"
path = "/v1/8/me"
headers = { authorization = "Bearer {access_token}", x-site = "8" }
answer = { name = "South" }
refusal = { status = 401, body = {} }
"#;

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let files = [("redirect", REDIRECT), ("choice", CHOICE)]
        .map(|(key, text)| (format!("{key}.toml"), text.to_owned()));
    let simulator = Simulator::start_as_told(&[REDIRECT_EXPECTED, CHOICE_EXPECTED]).await;
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

/// The id of the account that is connected, and the path of the last request to its API.
async fn connected_to(server: &Server, simulator: &Simulator) -> (String, String) {
    let id = server.integration("choice").await["account"]["id"].as_str().unwrap().to_owned();
    (id, simulator.requests().last().unwrap().path.clone())
}

fn at(site: &str) -> (String, String) {
    (site.to_owned(), format!("/v1/{site}/me"))
}

async fn one_of_several_is_chosen(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let asked = async || visitor.come_back(&consent(&visitor, server, simulator, "choice").await).await;
    let page = asked().await;
    page.says(200, "Which site?")
        .says(200, "North <b>")
        .says(200, "South")
        .says(200, "https://eu1.choice.example");
    assert!(!page.text.contains("Trap") && !page.text.contains("<b>"), "{}", page.text);
    assert_eq!(server.integration("choice").await, Value::Null);
    // The provider says which the person uses most.
    let form = page.form("/installs/choose");
    assert_eq!(form.value("item"), Some("1"));
    for none in
        [form.clone().without("item"), form.clone().with("item", "2"), form.clone().with("item", "-1")]
    {
        visitor.submit(&none).await.says(422, "Choose one site");
    }
    assert_eq!(server.integration("choice").await, Value::Null);
    is_connected(server, "choice", &visitor.submit(&form.with("item", "0")).await);
    assert_eq!(connected_to(server, simulator).await, at("7"));
    // What was chosen stays when the tokens are renewed.
    assert!(simulator.end_access("choice"));
    assert_eq!(server.check("choice").await.data()["health_status"], "healthy");
    assert_eq!(connected_to(server, simulator).await, at("7"));
    // The one that is connected is proposed the next time. Another one is another account.
    let form = asked().await.form("/installs/choose");
    assert_eq!(form.value("item"), Some("0"));
    let other = visitor.submit(&form.clone().with("item", "1")).await;
    other.says(200, "Connect another account?");
    assert_eq!(server.integration("choice").await["account"]["id"], "7");
    visitor.submit(&other.form("/installs/abandon")).await;
    assert_eq!(server.integration("choice").await["account"]["id"], "7");
    let form = asked().await.form("/installs/choose");
    let other = visitor.submit(&form.with("item", "1")).await;
    is_connected(server, "choice", &visitor.submit(&other.form("/installs/confirm")).await);
    assert_eq!(connected_to(server, simulator).await, at("8"));
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_question_is_answered_once_in_its_own_browser_and_in_time(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let asked = async || {
        let back = consent(&visitor, server, simulator, "choice").await;
        visitor.come_back(&back).await.form("/installs/choose")
    };
    let form = asked().await;
    // Another browser, another question, and a made-up one use nothing up.
    let stranger = Visitor::signed_in(server).await;
    let csrf = stranger.provider("choice").await.form("/connect").value("csrf").unwrap().to_owned();
    let stolen = form.clone().with("csrf", &csrf);
    stranger.submit(&stolen).await.says(400, "This was started in another browser");
    let mut confirm = form.clone();
    confirm.action = form.action.replace("choose", "confirm");
    visitor.submit(&confirm).await.says(400, "No connection was started here");
    visitor
        .submit(&form.clone().with("pending", "made-up"))
        .await
        .says(400, "No connection was started here");
    assert_eq!(server.integration("choice").await, Value::Null);
    is_connected(server, "choice", &visitor.submit(&form).await);
    // The second of two clicks leads to what came of the first, and changes nothing.
    let again = visitor.submit(&form.clone().with("item", "0")).await;
    is_connected(server, "choice", &visitor.follow(&again).await);
    assert_eq!(server.integration("choice").await["account"]["id"], "8");
    server.delete("choice").await;
    // Cancelled, it is gone.
    let back = consent(&visitor, server, simulator, "choice").await;
    let page = visitor.come_back(&back).await;
    visitor.submit(&page.form("/installs/abandon")).await;
    let late = visitor.submit(&page.form("/installs/choose")).await;
    visitor.follow(&late).await;
    assert_eq!(server.integration("choice").await["status"], "disconnected");
    let form = asked().await;
    server.clock.advance(Duration::minutes(10));
    let late = visitor.submit(&form).await;
    visitor.follow(&late).await.says(400, "That took too long");
    assert_eq!(server.integration("choice").await["status"], "disconnected");
    assert_eq!(simulator.complaints(), [""; 0]);
}

/// Somebody who opened a link that was made with this body.
async fn arrive<'s>(server: &'s Server, body: &Value) -> Person<'s> {
    let url = server.call("POST", &server.at("/choice/install-url")).json(body).send().await;
    let url: Url = url.data()["install_url"].as_str().unwrap().parse().unwrap();
    let visitor = Visitor::new(server);
    let opened = visitor.get(&path(&url)).await;
    let page = visitor.follow(&opened).await;
    Person { visitor, page }
}

async fn a_link_takes_the_account_that_it_is_for(server: &Server, simulator: &Simulator) {
    let decide = async |body: Value| {
        let person = arrive(server, &body).await;
        let leaving = person.connect([("connection", &Map::new()), ("credential", &Map::new())]).await;
        let back = simulator.decide(&leads_away(&leaving), Decision::Allow).await;
        let page = come_back(&person.visitor, &back).await;
        (person, page)
    };
    let (_, page) = decide(json!({"expected_account_id": "9"})).await;
    page.says(403, "This is another account");
    assert_eq!(server.integration("choice").await, Value::Null);
    let (_, page) = decide(json!({"expected_account_id": "7"})).await;
    page.says(200, "Acme is connected");
    assert_eq!(connected_to(server, simulator).await, at("7"));
    // Without it, the account that is connected is taken again, and nobody is asked.
    let (_, page) = decide(json!({})).await;
    page.says(200, "Acme is connected");
    assert_eq!(connected_to(server, simulator).await, at("7"));
    // If it is not offered any more, the person is asked.
    simulator.switch(|switches| switches.account = 4);
    let (person, page) = decide(json!({})).await;
    page.says(200, "Which site?");
    let chosen = person.visitor.submit(&page.form("/installs/choose").with("item", "1")).await;
    chosen.says(200, "Connect another account?");
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn what_has_nothing_to_choose_from_is_not_connected(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let come_back = async || {
        let back = consent(&visitor, server, simulator, "choice").await;
        come_back(&visitor, &back).await
    };
    for account in [2, 3] {
        simulator.switch(|switches| switches.account = account);
        come_back().await.says(403, "Acme says that there is none. Nothing was connected.");
    }
    simulator.switch(|switches| (switches.account, switches.refuse_calls) = (1, true));
    come_back().await.says(502, "Acme refused to say (status 401)");
    simulator.switch(|switches| (switches.refuse_calls, switches.break_calls) = (false, true));
    come_back().await.says(502, "Acme is not available at the moment (status 503)");
    simulator.switch(|switches| {
        switches.break_calls = false;
        switches.web_page = Some((200, "<!doctype html><title>Sign in</title>"));
    });
    come_back().await.says(502, "Acme gave an answer that cannot be read");
    assert_eq!(server.integration("choice").await, Value::Null);
    // A token that is accepted only a moment later is asked with again. One site alone needs no question.
    simulator.switch(|switches| (switches.web_page, switches.refuse_next_calls) = (None, 1));
    let back = consent(&visitor, server, simulator, "choice").await;
    is_connected(server, "choice", &visitor.come_back(&back).await);
    assert_eq!(connected_to(server, simulator).await, at("7"));
    assert_eq!(simulator.complaints(), [""; 0]);
}
