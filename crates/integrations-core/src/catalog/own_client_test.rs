//! Ways whose connections have a client of their own: what is read, and what is refused.

use serde_json::{Map, Value, json};
use time::macros::datetime;

use super::ways_test::file;
use super::*;
use crate::answer_body::AnswerBody;
use crate::issue::Issue;
use crate::oauth::Grant;

const WAY: &str = r#"
[[auth]]
kind = "oauth"
page = "https://acme.example/clients"
[[auth.fields]]
key = "client_id"
label = "Client ID"
help = "Of the client."
secret = false
[[auth.fields]]
key = "client_secret"
label = "Client secret"
help = "Beside it."
optional = true
[[auth.fields]]
key = "client_auth"
label = "How"
help = "How it authenticates."
options = [{ value = "basic", label = "Basic" }, { value = "none", label = "Not" }]
default = "basic"
secret = false
[auth.oauth]
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
scopes = []
pkce = "s256"
client_auth = "basic"
refresh_rotates = true
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
"#;

fn read(way: &str) -> Result<Catalog, String> {
    let read = Catalog::default().with_files([("acme.toml".to_owned(), file(way))]);
    read.map_err(|errors| errors.to_string())
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn told(issues: Vec<Issue>) -> Vec<String> {
    issues.into_iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect()
}

#[test]
fn the_client_is_typed_before_consent_and_stays_with_the_tokens() {
    let catalog = read(WAY).unwrap();
    let acme = catalog.get("acme").unwrap();
    let oauth = acme.oauth().unwrap();
    assert!(acme.oauth_by_app().is_none() && catalog.by_app().next().is_none());
    let typed =
        acme.read_before_consent(&map(json!({"client_id": " a "})), &map(json!({"client_secret": "s"})));
    let (connection, secret) = typed.unwrap();
    assert_eq!((&connection["client_id"], &secret["client_secret"]), (&json!("a"), &json!("s")));
    let wrong = acme.read_before_consent(&Map::new(), &map(json!({"client_secret": 1, "access_token": "t"})));
    let wrong = told(wrong.unwrap_err());
    assert_eq!(
        wrong,
        [
            "connection.client_id: Required",
            "credential.client_secret: Expected string",
            "credential.access_token: Unknown field"
        ]
    );
    let now = datetime!(2026-11-28 10:00 UTC);
    let answer = |text: &'static str| AnswerBody::new(None, text.as_bytes());
    let first =
        Grant::read(oauth, 200, &answer(r#"{"access_token": "A", "refresh_token": "R"}"#), now).unwrap();
    let first = first.with_client(oauth, &secret);
    assert_eq!(first.credential["client_secret"], "s");
    let next = Grant::renew(oauth, &first.credential, 200, &answer(r#"{"access_token": "B"}"#), now).unwrap();
    assert_eq!(
        (&next.credential["access_token"], &next.credential["client_secret"]),
        (&json!("B"), &json!("s"))
    );
    assert_eq!(acme.read_credential(&next.credential).unwrap(), next.credential);
    let public = Grant::read(oauth, 200, &answer(r#"{"access_token": "A"}"#), now).unwrap();
    assert!(!public.with_client(oauth, &Map::new()).credential.contains_key("client_secret"));
}

#[test]
fn a_client_that_is_not_one_is_refused() {
    let changed = |from: &str, to: &str| {
        assert!(WAY.contains(from), "{from}");
        read(&WAY.replacen(from, to, 1)).unwrap_err()
    };
    for (from, to, expected) in [
        ("key = \"client_id\"", "key = \"client\"", "needs the field `client_id`, which is required"),
        (
            "help = \"Of the client.\"",
            "help = \"Of the client.\"\noptional = true",
            "needs the field `client_id`, which is required",
        ),
        ("optional = true", "secret = false", "`client_secret` is secret"),
        ("key = \"client_secret\"", "key = \"secret\"", "without the field `client_secret`"),
        (
            "value = \"basic\", label",
            "value = \"jwt\", label",
            "each of which is \"basic\", \"body\" or \"none\"",
        ),
        (
            "scopes = []",
            "scopes = []\napp_page = \"https://acme.example/apps\"",
            "belongs to an OAuth app of the server",
        ),
    ] {
        let errors = changed(from, to);
        assert!(errors.contains(expected), "{from} -> {to}: {errors}");
    }
    let without_fields =
        WAY.split("[[auth.fields]]").next().unwrap().to_owned() + &WAY[WAY.find("[auth.oauth]").unwrap()..];
    let errors = read(&without_fields).unwrap_err();
    assert!(errors.contains("no `page` without `fields`"), "{errors}");
}
