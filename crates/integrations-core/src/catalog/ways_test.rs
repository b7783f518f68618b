//! Files with several ways to log in: what is read, and what is refused.

use serde_json::{Map, json};

use super::*;

/// A file with these ways to log in.
pub(super) fn file(ways: &str) -> String {
    format!(
        r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://api.acme.example"

{ways}

[account]
source = "probe"
id = ["/id"]
name = ["/name"]

[probe]
method = "GET"
url = "https://api.acme.example/me"
good_statuses = [200]
refused_statuses = [401]
"#
    )
}

const OAUTH: &str = r#"
[[auth]]
kind = "oauth"
why = "No key is copied."
[auth.oauth]
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = false
[[auth.oauth.kept]]
name = "site"
pointer = "/site"
pattern = '^[a-z]+$'
mismatch = "Expected a site"
required = true
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
[auth.account]
source = "token"
id = ["/site"]
name = ["/site"]
"#;

const KEY: &str = r#"
[[auth]]
kind = "api_key"
[[auth.fields]]
key = "api_key"
label = "Key"
help = "Under Settings."
[auth.request]
headers = { X-Key = "{api_key}" }
"#;

pub(super) fn read(text: &str) -> Result<Catalog, ProviderFileErrors> {
    Catalog::default().with_files([("acme.toml".to_owned(), text.to_owned())])
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// Each of these changes of a file is refused with these words, at the line that has `#!`, if one has it.
pub(super) fn refused(text: &str, changes: &[(&str, &str, &str)]) {
    for (from, to, message) in changes {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        let errors = read(&changed).expect_err(to);
        let line = changed.lines().position(|line| line.contains("#!")).map(|line| line + 1);
        let is_told = |error: &&ProviderFileError| {
            error.message.contains(message) && line.is_none_or(|line| line == error.line)
        };
        assert!(errors.iter().any(|error| is_told(&error)), "{to}: {errors}");
    }
}

#[test]
fn each_way_is_a_provider_with_its_own_login() {
    let catalog = read(&file(&format!("{OAUTH}{KEY}"))).unwrap();
    let ways = catalog.ways("acme").unwrap();
    let [oauth, key] = ways.iter().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((oauth.auth, key.auth), (AuthKind::OAuth, AuthKind::ApiKey));
    assert_eq!(oauth.why.as_deref(), Some("No key is copied."));
    assert_eq!(oauth.auth_request.headers[0].0, "Authorization");
    assert_eq!(key.probe.request().unwrap().call.headers[0].0, "X-Key");
    // Only one of them says for itself where the account is.
    let source = |way: &Provider| way.account.as_ref().unwrap().source;
    assert_eq!((source(oauth), source(key)), (AccountSource::Token, AccountSource::Probe));
    assert!(Arc::ptr_eq(&oauth.actions, &key.actions));
    assert_eq!(catalog.by_app().count(), 1);
}

#[test]
fn the_way_of_an_integration_is_found_again() {
    let catalog = read(&file(&format!("{OAUTH}{KEY}"))).unwrap();
    let ways = catalog.ways("acme").unwrap();
    let stored = |setup_type, auth| ways.stored(StoredWay { setup_type, auth }).auth;
    assert_eq!(stored("api_key", Some("api_key")), AuthKind::ApiKey);
    // It was connected before there were several, or by an older program since.
    assert_eq!(stored("api_key", None), AuthKind::ApiKey);
    assert_eq!(stored("oauth", Some("api_key")), AuthKind::OAuth);
    // The file has lost its way.
    assert_eq!(stored("webhook_url", Some("webhook_url")), AuthKind::OAuth);
}

#[test]
fn what_works_is_offered_before_what_is_recommended() {
    let catalog = read(&file(&format!("{OAUTH}{KEY}"))).unwrap();
    let ways = catalog.ways("acme").unwrap();
    assert_eq!(ways.offered(|_| true).auth, AuthKind::OAuth);
    assert_eq!(ways.offered(|way| way.oauth().is_none()).auth, AuthKind::ApiKey);
    assert_eq!(ways.offered(|_| false).auth, AuthKind::OAuth);
}

#[test]
fn a_credential_is_read_by_its_own_way_alone() {
    let catalog = read(&file(&format!("{OAUTH}{KEY}"))).unwrap();
    let account = catalog.account("acme").unwrap().by(AuthKind::ApiKey).unwrap();
    let Ok(serde_json::Value::Object(tokens)) = Ok::<_, ()>(json!({"access_token": "a", "site": "eu"}))
    else {
        unreachable!()
    };
    assert!(account.provider.read_input(Map::new(), tokens.clone()).is_err());
    assert!(account.ways.first().read_input(Map::new(), tokens).is_ok());
    assert!(account.by(AuthKind::WebhookUrl).is_none());
}

#[test]
fn ways_that_cannot_be_told_apart_are_refused() {
    let text = refusal(&file(&format!("{KEY}{KEY}")));
    assert_eq!(
        text,
        "acme.toml:21:8: there is another way of the kind `api_key`: a kind is the name of a way"
    );
    assert_eq!(refusal(&file("")), "acme.toml:1:1: a provider needs an [[auth]] entry");
}

#[test]
fn only_the_first_of_several_says_why() {
    let why = |text: &str| format!("kind = \"api_key\"\nwhy = \"{text}\"");
    let second = KEY.replace("kind = \"api_key\"", &why("It is quick."));
    let message = "only the first of several ways is recommended";
    assert!(refusal(&file(&format!("{OAUTH}{second}"))).ends_with(message));
    assert!(refusal(&file(&second)).ends_with(message));
    for bad in ["", "It is quick", " It is quick.", &format!("{}.", "x".repeat(200))] {
        let first = OAUTH.replace("No key is copied.", bad);
        let text = refusal(&file(&format!("{first}{KEY}")));
        assert!(text.contains("must be a sentence on one line"), "{bad:?}: {text}");
    }
}

#[test]
fn a_fault_of_all_ways_is_told_once_and_that_of_one_with_its_place() {
    let both = file(&format!("{OAUTH}{KEY}"));
    // A fault of the whole file.
    let text = refusal(&both.replace("good_statuses = [200]", "good_statuses = []"));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.ends_with("needs at least one status"), "{text}");
    // One of a table of the second way.
    let text = refusal(&both.replace("{api_key}", "{other}"));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("acme.toml:41:"), "{text}");
    // One in a common table that only one way has.
    let text = refusal(&both.replace("acme.example/me", "acme.example/{site}"));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.ends_with(" (by the way `api_key`)"), "{text}");
    // One of the table that a way has in place of the common one.
    let text = refusal(&both.replacen("id = [\"/site\"]", "id = []", 1));
    assert!(text.starts_with("acme.toml:31:"), "{text}");
}

const CLIENT: &str = r#"
[[auth]]
kind = "client_credentials"
[[auth.fields]]
key = "client_id"
label = "Id"
help = "Under Settings."
secret = false
[[auth.fields]]
key = "client_secret"
label = "Secret"
help = "Beside it."
[auth.token]
token_url = "https://acme.example/token"
scopes = ["read"]
client_auth = "basic"
params = { client = "{client_id}", version = 2 }
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
"#;

#[test]
fn a_client_gets_tokens_with_what_was_typed() {
    let catalog = read(&file(CLIENT)).unwrap();
    let acme = catalog.get("acme").unwrap();
    assert_eq!((acme.auth, acme.setup_type()), (AuthKind::ClientCredentials, SetupType::ApiKey));
    let fetched = acme.fetched().unwrap();
    let call = &fetched.calls().unwrap().first;
    let TokenBody::Form(fields) = &call.body else { panic!("{call:?}") };
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client", "grant_type", "scope", "version"]);
    assert!(matches!(call.basic, Some(CallBasic::Client)));
    assert!(acme.is_renewable(&Map::new()) && acme.oauth().is_none());
    assert_eq!(acme.connection[0].key, "client_id");
}

#[test]
fn a_client_without_what_it_needs_is_refused() {
    refused(
        &file(CLIENT),
        &[
            (
                "key = \"client_secret\"",
                "key = \"secret\"",
                "needs the field `client_secret`, which gets the tokens",
            ),
            (
                "key = \"client_id\"",
                "key = \"access_token\"",
                "`access_token` is reserved: it is stored with the fields",
            ),
            ("client = \"{client_id}\"", "scope = \"x\"", "`scope` is set by the server itself"),
            ("client = \"{client_id}\"", "client = \"{access_token}\"", "`{access_token}` is unknown"),
            ("client = \"{client_id}\"", "client = \"{nobody}\"", "nobody"),
            ("scopes = [\"read\"]", "scopes = [\"read\", \"read\"]", "the scope `read` is listed twice"),
            (
                "client_auth = \"basic\"",
                "client_auth = \"basic\"\ndefault_lifetime_seconds = 0",
                "must be more than 0",
            ),
            ("acme.example/token", "{access_token}.example/token", "access_token"),
        ],
    );
    let without = CLIENT.split("[auth.token]").next().unwrap();
    assert!(refusal(&file(without)).contains("`client_credentials` needs [auth.token]"));
    let stray =
        format!("{KEY}[auth.token]\ntoken_url = \"https://acme.example/token\"\nclient_auth = \"body\"\n");
    assert!(refusal(&file(&stray)).contains("belongs to `kind = \"client_credentials\"`, "));
}

#[test]
fn events_come_by_the_app_whichever_way_an_integration_is_connected() {
    let events = r#"
[events]
address = "app"
documentation_url = "https://acme.example/events"
enter = "Enter the address."
repeats_within = "1h"
answer_within = "5s"
[events.secret]
source = "client_secret"
[events.signature]
scheme = "hmac_sha256"
header = "x-signature"
encoding = "hex"
[events.fields]
account = "/account"
"#;
    let both = format!("{}{events}", file(&format!("{OAUTH}{KEY}")));
    assert!(read(&both).unwrap().ways("acme").unwrap().iter().all(|way| way.events().is_some()));
    let text = refusal(&format!("{}{events}", file(KEY)));
    assert!(text.contains("needs `kind = \"oauth\"` in [[auth]]"), "{text}");
}
