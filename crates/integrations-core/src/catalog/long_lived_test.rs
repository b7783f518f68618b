//! Tokens that live long: what is read of a file, what is refused, and when they are renewed.

use serde_json::{Map, Value, json};
use time::{Duration, macros::datetime};

use super::ways_test::{self, read, refused};
use crate::answer_body::AnswerBody;
use crate::oauth::Grant;
use crate::schedule::{Spread, next_refresh};

const WAY: &str = r#"[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = false
[auth.oauth.answer]
access_token = ["/access_token", "/data/0/access_token"]
[auth.oauth.long_lived.exchange]
method = "POST"
url = "https://acme.example/exchange"
form = { token = "{access_token}", app = "{client_id}", secret = "{client_secret}" }
[auth.oauth.long_lived.renewal]
method = "GET"
url = "https://acme.example/renew?token={access_token}"
[[auth.oauth.kept]]
name = "site"
pointer = "/site"
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
"#;

#[test]
fn a_token_that_renews_itself_is_renewed_after_half_of_its_life() {
    let catalog = read(&ways_test::file(WAY)).unwrap();
    let acme = catalog.get("acme").unwrap();
    let token = |name: &str| Map::from_iter([(name.to_owned(), Value::from("token"))]);
    assert!(acme.is_renewable(&token("access_token")) && !acme.is_renewable(&Map::new()));
    assert!(!acme.rotates());
    let granted = datetime!(2026-05-01 00:00 UTC);
    let at = |expires, bits| {
        let spread = Spread::from_bits(bits);
        next_refresh(acme, &token("access_token"), granted, expires, spread)
    };
    let expires = granted + Duration::days(60);
    assert_eq!(at(Some(expires), 0), Some(granted + Duration::days(30)));
    assert_eq!(at(Some(expires), u32::MAX), Some(granted + Duration::days(24)));
    assert_eq!(at(Some(granted), 0), Some(granted + Duration::minutes(1)));
    assert_eq!(at(None, 0), None, "nobody knows when it would have to be");
}

#[test]
fn the_token_of_a_code_may_be_in_one_of_several_places() {
    let catalog = read(&ways_test::file(WAY)).unwrap();
    let oauth = catalog.get("acme").unwrap().oauth().unwrap();
    let now = datetime!(2026-05-01 00:00 UTC);
    let grant = |answer: Value| {
        let text = answer.to_string();
        Grant::read(oauth, 200, &AnswerBody::new(None, text.as_bytes()), now)
    };
    for answer in [
        json!({"access_token": "short"}),
        json!({"data": [{"access_token": "short"}]}),
        json!({"access_token": null, "data": [{"access_token": "short"}]}),
    ] {
        assert_eq!(grant(answer).unwrap().credential["access_token"], "short");
    }
    assert!(grant(json!({"data": []})).is_err());
}

#[test]
fn what_could_not_renew_a_token_is_refused() {
    let text = ways_test::file(WAY);
    refused(
        &text,
        &[
            (
                "refresh_rotates = false",
                "refresh_rotates = true #!",
                "must be false: a token that lives long",
            ),
            ("refresh_rotates = false", "refresh_rotates = \"retry_safe\" #!", "must be false"),
            ("{ token = \"{access_token}\",", "{ token = \"x\",", "`{access_token}` stands nowhere in it"),
            ("?token={access_token}", "?token=x", "stands nowhere in it"),
            ("app = \"{client_id}\"", "app = \"{app_id}\"", "`{app_id}` is unknown"),
            ("secret = \"{client_secret}\"", "secret = \"{refresh_token}\"", "`{refresh_token}` is unknown"),
            ("app = \"{client_id}\"", "app = \"{site}\"", "`{site}` is unknown"),
            ("https://acme.example/exchange", "https://{client_id}.example/exchange", "decides the host"),
            (
                "https://acme.example/renew?",
                "https://{access_token}.example/renew?token={access_token}&",
                "decides the host",
            ),
            ("https://acme.example/exchange", "http://acme.example/exchange", "https"),
            ("method = \"GET\"\nurl", "method = \"GET\"\nform = { a = \"b\" }\nurl", "has no body"),
        ],
    );
    let without = text.replacen("[auth.oauth.long_lived.renewal]", "[auth.oauth.long_lived.other]", 1);
    assert!(read(&without).is_err());
}
