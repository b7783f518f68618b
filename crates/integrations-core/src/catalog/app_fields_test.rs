//! What OAuth apps of some providers have beside their client id and secret: what is read of a file and of a person,
//! and what is refused.

use serde_json::{Map, Value, json};

use super::ways_test::{self, read, refused};

const WAY: &str = r#"[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://acme.example/authorize"
authorize_params = { application_id = "{app_id}", stage = "{stage}", team = "{team}" }
authorize_omits = ["response_type", "client_id"]
redirect_uri = "{ru_name}"
code_param = "acme_code"
token_url = "https://acme.example/token"
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = false
[[auth.oauth.app_fields]]
key = "app_id"
label = "Application id"
help = "The id."
pattern = "^app-[0-9]+$"
mismatch = "Expected an id such as app-1"
example = "app-1"
[[auth.oauth.app_fields]]
key = "ru_name"
label = "Name of the redirect address"
help = "The name."
[[auth.oauth.app_fields]]
key = "stage"
label = "Stage"
help = "Whether it is published."
optional = true
options = [{ value = "beta", label = "Draft" }]
[[auth.oauth.app_fields]]
key = "team"
label = "Team"
help = "The team."
default = "all"
[auth.request]
headers = { Authorization = "Bearer {access_token}", X-Id = "{unique_id}" }
"#;

#[test]
fn what_a_person_types_of_an_app_is_read_as_any_field_is() {
    let catalog = read(&ways_test::file(WAY)).unwrap();
    let oauth = catalog.get("acme").unwrap().oauth().unwrap();
    assert_eq!(oauth.code_param, "acme_code");
    let typed = |value: Value| oauth.read_app_fields(value.as_object().unwrap(), "fields");
    let right = typed(json!({"app_id": " app-1\n", "ru_name": "Acme-1", "stage": "Draft"})).unwrap();
    assert_eq!(Value::from(right.clone()), json!({"app_id": "app-1", "ru_name": "Acme-1", "stage": "beta"}));
    assert!(oauth.suits(&right) && !oauth.suits(&Map::new()));
    let value = |name| oauth.app_value(&right, name);
    assert_eq!((value("stage"), value("team"), value("app_key")), (Some("beta"), Some("all"), None));
    assert_eq!(oauth.app_value(&Map::new(), "stage"), None);
    let wrong = typed(json!({"app_id": "1", "more": "x"})).unwrap_err();
    let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        wrong,
        [
            "fields.app_id: Expected an id such as app-1",
            "fields.ru_name: Required",
            "fields.more: Unknown field"
        ]
    );
}

#[test]
fn a_field_of_an_app_is_no_secret_and_names_no_host() {
    let no_secret = "a field of an app is no secret, has one line, and names no host";
    let tenant = "[[connection]]\nkey = \"team\"\nlabel = \"Team\"\nhelp = \"The team.\"\n[[auth]]";
    let file = ways_test::file(WAY);
    let changes = [
        ("key = \"team\"", "key = \"team\"\nsecret = true", no_secret),
        ("default = \"all\"", "host = \"operator_approved\"\nmismatch = \"A host\"", no_secret),
        ("key = \"team\"", "key = \"scopes\"", "every app has `scopes`"),
        ("https://acme.example/token", "https://{team}.acme.example/token", "`{team}` is unknown"),
        ("Bearer {access_token}", "Bearer {access_token} {team}", "`{team}` is unknown"),
        ("[[auth]]", tenant, "`team` is also a name of the connection"),
    ];
    refused(&file, &changes);
}

#[test]
fn what_stands_for_the_redirect_address_always_has_a_value() {
    let kept = "[[auth.oauth.kept]]\nname = \"code\"\nparameter = \"acme_code\"\npattern = \"^[a-z]+$\"\nmismatch = \"Letters\"\nexample = \"a\"\n[auth.request]";
    let file = ways_test::file(WAY);
    let changes = [
        ("redirect_uri = \"{ru_name}\"", "redirect_uri = \"{stage}\"", "`stage` may be missing"),
        ("redirect_uri = \"{ru_name}\"", "redirect_uri = \"{tenant}\"", "`{tenant}` is unknown"),
        ("code_param = \"acme_code\"", "code_param = \"state\"", "has no other meaning"),
        ("[auth.request]", kept, "`acme_code` has the code"),
        ("\"response_type\", \"client_id\"", "\"state\"", "unknown variant `state`"),
    ];
    refused(&file, &changes);
}

#[test]
fn an_id_of_its_own_stands_in_headers_alone() {
    let field = "[[connection]]\nkey = \"unique_id\"\nlabel = \"Id\"\nhelp = \"The id.\"\n[[auth]]";
    let file = ways_test::file(WAY);
    let changes = [
        ("stage = \"{stage}\"", "stage = \"{unique_id}\"", "`{unique_id}` is unknown"),
        ("[[auth]]", field, "`unique_id` is reserved"),
    ];
    refused(&file, &changes);
}
