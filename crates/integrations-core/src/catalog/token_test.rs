//! Files whose forms get access tokens by a request of the file or by a signed assertion: what is read, and what is
//! refused.

use super::ways_test::{self, read, refused};
use super::*;

/// A file with one way to log in.
fn file(way: &str) -> String {
    let request = r#"headers = { Authorization = "Bearer {access_token}" }"#;
    ways_test::file(&format!("[[auth]]\n{way}\n[auth.request]\n{request}"))
}

const EXCHANGE: &str = r#"
kind = "token_exchange"
[[auth.fields]]
key = "store_id"
label = "Store"
help = "The store."
pattern = '^[0-9]+$'
mismatch = "Expected a number"
secret = false
[[auth.fields]]
key = "password"
label = "Password"
help = "The password."
[auth.token.request]
method = "POST"
url = "https://api.acme.example/stores/{store_id}/tokens"
headers = { X-Acme-Store = "{store_id}" }
basic_auth = { username = "{store_id}", password = "{password}" }
json = { secret = "{password}", days = 30 }
[auth.token.refresh]
method = "PUT"
url = "https://api.acme.example/tokens"
form = { token = "{refresh_token}" }
[auth.token.answer]
access_token = "/data/token"
expires_in = "/data/life"
expires_unit = "minutes"
expires_at = "/data/end"
dead_statuses = [403]
[[auth.token.kept]]
name = "site"
pointer = "/data/site"
"#;

const JWT: &str = r#"
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
algorithm = "RS256"
key = "private_key"
header = { kid = "{app_id}" }
claims = { iss = "{app_id}", aud = ["https://acme.example"], jti = "{jti}", n = 1 }
lifetime_seconds = 540
issued_before_seconds = 60
[auth.token.request]
method = "POST"
url = "https://api.acme.example/tokens"
headers = { Authorization = "Bearer {assertion}" }
"#;

#[test]
fn a_form_is_exchanged_by_a_request_of_the_file() {
    let catalog = read(&file(EXCHANGE)).unwrap();
    let acme = catalog.get("acme").unwrap();
    assert_eq!((acme.auth, acme.setup_type()), (AuthKind::TokenExchange, SetupType::ApiKey));
    let fetched = acme.fetched().unwrap();
    let calls = fetched.calls().unwrap();
    assert!(fetched.assertion().is_none() && matches!(calls.first.body, TokenBody::Json(_)));
    assert!(matches!(calls.refresh.as_ref().unwrap().body, TokenBody::Form(_)));
    assert_eq!(fetched.rules.answer.expires_unit, ExpiryUnit::Minutes);
    // A status that means a refusal everywhere counts beside those of the file.
    assert_eq!(fetched.rules.answer.dead_statuses, [403, 401]);
    assert_eq!((acme.connection[0].key.as_str(), fetched.form.fields.len()), ("store_id", 1));
}

#[test]
fn a_wrong_exchange_is_refused_where_it_is_wrong() {
    refused(
        &file(EXCHANGE),
        &[
            ("key = \"password\"", "key = \"assertion\"", "`assertion` is reserved"),
            (
                "url = \"https://api.acme.example/stores/{store_id}/tokens\"",
                "url = \"http://a\" #!",
                "https://",
            ),
            ("stores/{store_id}/tokens\"", "stores/{password}/tokens\" #!", "`{password}` is secret"),
            (
                "json = { secret = \"{password}\", days = 30 }",
                "json = { secret = \"{nobody}\" } #!",
                "`{nobody}` is unknown",
            ),
            ("json = { secret", "json = { x = \"{access_token}\", secret", "`{access_token}` is unknown"),
            ("json = { secret", "json = { x = \"{site}\", secret", "`{site}` is unknown"),
            ("json = { secret", "json = { x = \"{refresh_token}\", secret", "`{refresh_token}` is unknown"),
            ("json = {", "form = { a = \"b\" }\njson = {", "cannot stand beside `form`"),
            (
                "headers = { X-Acme-Store",
                "headers = { Authorization",
                "cannot stand beside an Authorization header",
            ),
            ("headers = { X-Acme-Store", "headers = { Host", "`Host` is set by the server itself"),
            ("method = \"POST\"", "method = \"GET\" #!", "a request with GET or HEAD has no body"),
            (
                "form = { token = \"{refresh_token}\" }",
                "form = { token = \"x\" }",
                "`{refresh_token}` stands nowhere",
            ),
            ("dead_statuses = [403]", "dead_statuses = [99] #!", "not an HTTP status"),
            ("expires_unit = \"minutes\"", "expires_unit = \"days\"", "unknown variant"),
            ("expires_at = \"/data/end\"", "expires_at = \"data\" #!", "pointer"),
            ("name = \"site\"", "name = \"refresh_token\" #!", "every credential with tokens uses it"),
            (
                "[auth.token.request]",
                "[auth.token]\nscopes = [] #!\n[auth.token.request]",
                "belongs to `kind = \"client_credentials\"`",
            ),
            (
                "help = \"The password.\"",
                "help = \"The password.\"\nlines = true",
                "only the key of [auth.jwt] has several lines",
            ),
            ("secret = false", "secret = false\nlines = true #!", "a field of several lines is secret"),
        ],
    );
    let without = EXCHANGE.split("[auth.token.request]").next().unwrap();
    let text = read(&file(without)).unwrap_err().to_string();
    assert!(text.contains("`token_exchange` needs [auth.token]"), "{text}");
}

#[test]
fn an_assertion_is_exchanged_or_sent_itself() {
    let catalog = read(&file(JWT)).unwrap();
    let fetched = catalog.get("acme").unwrap().fetched().unwrap().clone();
    assert!(fetched.assertion().is_some() && fetched.calls().is_some());
    let itself = JWT.split("[auth.token.request]").next().unwrap();
    let catalog = read(&file(itself)).unwrap();
    let fetched = catalog.get("acme").unwrap().fetched().unwrap();
    assert!(fetched.assertion().is_some() && fetched.calls().is_none());
}

#[test]
fn a_wrong_assertion_is_refused_where_it_is_wrong() {
    refused(
        &file(JWT),
        &[
            ("algorithm = \"RS256\"", "algorithm = \"HS256\"", "unknown variant"),
            ("key = \"private_key\"\nheader", "key = \"app_id\" #!\nheader", "with `lines = true`"),
            ("lines = true", "lines = true\noptional = true", "with `lines = true`"),
            (
                "lines = true",
                "lines = true #!\npattern = '^a$'\nmismatch = \"Expected a\"",
                "has neither `pattern`",
            ),
            ("header = { kid", "header = { jku", "a header may have `kid`, `typ`, `x5t` and `x5t#S256`"),
            (
                "header = { kid = \"{app_id}\" }",
                "header = { kid = \"{private_key}\" } #!",
                "has several lines",
            ),
            ("claims = { iss", "claims = { exp = 1, iss", "`exp` is claimed by the server itself"),
            ("claims = { iss", "claims = { a = { b = 1 }, iss", "a claim is a text"),
            ("claims = { iss", "claims = { a = [1], iss", "a list of a claim has texts alone"),
            ("claims = { iss = \"{app_id}\"", "claims = { iss = \"{assertion}\"", "`{assertion}` is unknown"),
            ("lifetime_seconds = 540", "lifetime_seconds = 0 #!", "between a second and a day"),
            ("issued_before_seconds = 60", "issued_before_seconds = 301 #!", "at most five minutes"),
            ("Bearer {assertion}", "Bearer x", "`{assertion}` stands nowhere in it"),
            ("Bearer {assertion}", "{assertion} {private_key}", "has several lines"),
            ("[auth.jwt]", "[auth.jws]", "unknown field"),
        ],
    );
    let without = JWT.split("[auth.jwt]").next().unwrap();
    let text = read(&file(without)).unwrap_err().to_string();
    assert!(text.contains("`jwt` needs [auth.jwt]"), "{text}");
    let stray = EXCHANGE.replacen("kind = \"token_exchange\"", "kind = \"jwt\"", 1);
    assert!(read(&file(&stray)).unwrap_err().to_string().contains("`jwt` needs [auth.jwt]"));
    let stray = JWT.replacen("kind = \"jwt\"", "kind = \"token_exchange\"", 1);
    assert!(read(&file(&stray)).unwrap_err().to_string().contains("belongs to `kind = \"jwt\"`"));
}

#[test]
fn a_key_is_read_as_it_is_pasted_and_rubbish_is_refused_without_showing_it() {
    let catalog = read(&file(JWT)).unwrap();
    let acme = catalog.get("acme").unwrap();
    let credential = |key: &str| serde_json::Map::from_iter([("private_key".to_owned(), key.into())]);
    let pem = "-----BEGIN PRIVATE KEY-----\nc2Vj\ncmV0\n-----END PRIVATE KEY-----";
    for pasted in [
        pem.to_owned(),
        format!("\u{feff}  {}\r\n\r\n", pem.replace('\n', "\r\n  ")),
        format!("{{\"private_key\": \"{}\\n\"}}", pem.replace('\n', "\\n")),
        format!("Bag Attributes\n    friendlyName: x\n{pem}\n"),
    ] {
        assert_eq!(acme.read_credential(&credential(&pasted)), Ok(credential(pem)), "{pasted}");
    }
    for (rubbish, words) in [
        ("SECRET", "Expected a private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nSECRET", "The key breaks off"),
        ("-----BEGIN PUBLIC KEY-----\nSECRET\n-----END PUBLIC KEY-----", "This is a public key"),
        ("-----BEGIN PRIVATE KEY-----\nSECRET!\n-----END PRIVATE KEY-----", "The key is damaged"),
        ("", "Required"),
        (&"A".repeat(17_000), "Must not be longer than"),
    ] {
        let issues = acme.read_credential(&credential(rubbish)).unwrap_err();
        assert_eq!(issues[0].path, "credential.private_key");
        assert!(issues[0].message.contains(words) && !issues[0].message.contains("SECRET"), "{issues:?}");
    }
}
