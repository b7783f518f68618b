//! What services share by a base: the definition, and the app.

use serde_json::Value;

use super::ways_test::{self, read, refused};
use super::*;
use crate::fields::BodyError;
use crate::oauth_app::NewOAuthApp;

const WAY: &str = r#"[[auth]]
kind = "oauth"
[auth.oauth]
base = "google"
scopes = ["read"]
default_lifetime_seconds = 60
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
"#;

#[test]
fn a_way_has_from_its_base_what_it_does_not_say_itself() {
    let catalog = read(&ways_test::file(WAY)).unwrap();
    let acme = catalog.get("acme").unwrap();
    let oauth = acme.oauth().unwrap();
    assert_eq!(oauth.authorize_url.as_str(), "https://accounts.google.com/o/oauth2/v2/auth");
    assert_eq!(oauth.authorize_params["access_type"], "offline");
    assert_eq!(oauth.tokens.default_lifetime_seconds, Some(60));
    assert_eq!(acme.app_keys().collect::<Vec<_>>(), ["acme", "google"]);
}

#[test]
fn what_stands_for_a_base_has_an_app_and_asks_for_nothing_itself() {
    let catalog = Catalog::built_in();
    let google = catalog.with_app("google").unwrap();
    assert!(catalog.get("google").is_none(), "it is no provider of the catalog");
    assert!(catalog.by_app().any(|one| one.key.as_str() == "google"));
    let oauth = google.oauth_by_app().unwrap();
    assert_eq!((google.name.as_str(), oauth.scopes.len(), &oauth.base), ("Google", 0, &None));
    let services: Vec<&str> = oauth.services.iter().map(|service| service.key.as_str()).collect();
    assert_eq!(
        services,
        ["gmail", "google-business-profile", "google-calendar", "google-drive", "google-sheets"]
    );
    assert_eq!(google.app_keys().collect::<Vec<_>>(), ["google"]);
    let scopes = NewOAuthApp::read(oauth, br#"{"client_id": "a", "scopes": ["b"]}"#);
    let Err(BodyError::Invalid(issues)) = scopes else { panic!() };
    assert_eq!(issues[0].to_string(), "scopes: Each service that shares the app asks for its own");
}

#[test]
fn no_base_is_called_as_a_provider_is() {
    let catalog = Catalog::built_in();
    let bases: Vec<Value> = catalog
        .by_app()
        .filter(|one| catalog.get(one.key.as_str()).is_none())
        .map(|one| one.key.as_str().into())
        .collect();
    assert_eq!(bases, ["atlassian", "google", "microsoft", "zoho"]);
}

#[test]
fn a_base_that_is_not_there_or_does_not_fit_is_refused() {
    let file = ways_test::file(WAY);
    let own = "[[auth.fields]]\nkey = \"client_id\"\nlabel = \"Id\"\nhelp = \"The id.\"\nsecret = false\n[[auth.fields]]\nkey = \"client_secret\"\nlabel = \"Secret\"\nhelp = \"The secret.\"\n[auth.request]";
    let changes = [
        ("\"google\"", "\"gogle\" #!", "there is no base `gogle`; these are: `atlassian`, `google`"),
        ("base = \"google\"", "base = 1 #!", "expected a string"),
        ("base = \"google\"", "base = \"google\"\nauthorize_url = \"http://acme.example\" #!", "https"),
        ("[auth.request]", own, "belongs to an OAuth app of the server"),
    ];
    refused(&file, &changes);
    let called = file.replace("key = \"acme\"", "key = \"google\"");
    let refused =
        Catalog::default().with_files([("google.toml".to_owned(), called)]).unwrap_err().to_string();
    assert!(refused.contains("`google` is what services of Google share an app under"), "{refused}");
    let alone = file.replace("base = \"google\"\n", "");
    assert!(read(&alone).unwrap_err().to_string().contains("missing field `authorize_url`"));
}
