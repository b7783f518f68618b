use std::collections::BTreeMap;

use serde_json::Value;

use super::{embedded, provider_file_schema};

/// A file that loads.
const RIGHT: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Keeps things."
category = "crm"
documentation_url = "https://acme.example/docs"
api_base_url = "https://api.acme.example"

[[auth]]
kind = "api_key"

[[auth.fields]]
key = "api_key"
label = "API key"
help = "On the page for keys."

[auth.request]
headers = { Authorization = "Bearer {api_key}" }

[probe]
method = "GET"
url = "https://api.acme.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&provider_file_schema()).unwrap()
}

fn document(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

#[test]
fn every_file_of_the_catalog_has_the_schema_s_form() {
    let validator = validator();
    let wrong: BTreeMap<&str, String> = embedded::FILES
        .iter()
        .filter_map(|(name, text)| {
            let document = document(text);
            let error = validator.iter_errors(&document).next()?;
            Some((*name, format!("{} at {}", error, error.instance_path())))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(validator.is_valid(&document(RIGHT)));
}

#[test]
fn files_of_another_form_do_not() {
    let validator = validator();
    for (what, from, to) in [
        ("another format", "format = 2", "format = 1"),
        ("no key", "key = \"acme\"", ""),
        ("a name that is no text", "name = \"Acme\"", "name = 1"),
        ("an unknown key", "format = 2", "format = 2\nkeys = 1"),
        ("an unknown category", "\"crm\"", "\"food\""),
        ("an unknown kind", "\"api_key\"", "\"password\""),
        ("a table for a list", "[[auth]]", "[auth]"),
        ("a header that is no text", "\"Bearer {api_key}\"", "5"),
        ("an unknown method", "\"GET\"", "\"get\""),
        ("a status that is text", "[200]", "[\"200\"]"),
        ("a status for a list", "[401]", "401"),
        ("an alias that is no list", "category", "aliases = \"a\"\ncategory"),
        ("an unknown key further down", "method = ", "verb = \"GET\"\nmethod = "),
        ("an action without a request", "[probe]", "[[actions]]\nkey = \"a\"\nlabel = \"A\"\n[probe]"),
    ] {
        let text = RIGHT.replacen(from, to, 1);
        assert_ne!(text, RIGHT, "{what}");
        assert!(!validator.is_valid(&document(&text)), "{what}");
    }
}
