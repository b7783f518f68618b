//! Reads what Nango's API says of connections with their credentials, to import them here.
//!
//! <https://nango.dev/docs/reference/backend/http-api/connections/get> answers with one connection. A file holds one, a
//! JSON array of them, an object with `connections`, or one on each line. What is made of each is a line of an import,
//! whose own checks follow.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::{
    catalog::{Catalog, Provider, ProviderRef, Setup, Ways},
    json,
    name::hyphenated,
};

/// The names of Nango's providers that are called otherwise here.
const NAMES: [(&str, &str); 13] = [
    ("cal-com-v2", "cal-com"),
    ("facebook", "facebook-pages"),
    ("google-mail", "gmail"),
    ("google-sheet", "google-sheets"),
    ("help-scout-mailbox", "help-scout"),
    ("jira-basic", "jira"),
    ("one-drive", "sharepoint"),
    ("sharepoint-online", "sharepoint"),
    ("stripe-api-key", "stripe"),
    ("stripe-app", "stripe"),
    ("twitter-v2", "x"),
    ("zoho", "zoho-crm"),
    ("zoho-mail", "zoho-crm"),
];

/// A connection that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// Its id at Nango, or where it is in the file.
    pub connection: String,
    /// Why. It shows nothing secret.
    pub message: String,
}

/// A connection as a line of an import.
#[derive(Clone, PartialEq)]
pub struct Mapped {
    /// Its id at Nango.
    pub connection: String,
    /// The line. It holds the credential.
    pub line: Value,
}

/// Reads the connections of a file. The error names each that cannot be imported.
pub fn read(text: &str, catalog: &Catalog) -> Result<Vec<Mapped>, Vec<Unmapped>> {
    let connections = connections(text)?;
    let keys: Vec<String> = connections.iter().map(|connection| key_of(connection, catalog)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for key in &keys {
        *counts.entry(key).or_default() += 1;
    }
    let (mut mapped, mut unmapped) = (Vec::new(), Vec::new());
    for (number, (connection, key)) in (1..).zip(connections.iter().zip(&keys)) {
        let id = text_of(connection, "connection_id").unwrap_or_else(|| format!("number {number}"));
        let is_alone = counts.get(key.as_str()) == Some(&1);
        match map(connection, &id, (key, is_alone), catalog) {
            Ok(line) => mapped.push(Mapped { connection: id, line }),
            Err(message) => unmapped.push(Unmapped { connection: id, message }),
        }
    }
    if unmapped.is_empty() { Ok(mapped) } else { Err(unmapped) }
}

fn connections(text: &str) -> Result<Vec<Value>, Vec<Unmapped>> {
    let unread = |what: String| vec![Unmapped { connection: what, message: "Not JSON".to_owned() }];
    let found = match json::parse(text.as_bytes()) {
        Ok(Value::Array(list)) => list,
        Ok(Value::Object(mut object)) => match object.shift_remove("connections") {
            Some(Value::Array(list)) => list,
            _ => vec![Value::Object(object)],
        },
        _ => {
            let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
            let read = |(number, line): (usize, &str)| {
                json::parse(line.as_bytes()).map_err(|_| unread(format!("line {number}")))
            };
            lines.map(read).collect::<Result<_, _>>()?
        }
    };
    match found.is_empty() {
        true => Err(vec![Unmapped {
            connection: "the file".to_owned(),
            message: "It holds no connection".to_owned(),
        }]),
        false => Ok(found),
    }
}

/// Our key of a connection's provider, or Nango's, if we have none.
fn key_of(connection: &Value, catalog: &Catalog) -> String {
    let theirs = text_of(connection, "provider").unwrap_or_default();
    let known = NAMES.iter().find(|(name, _)| *name == theirs).map(|(_, ours)| (*ours).to_owned());
    match catalog.get(&theirs) {
        Some(_) => theirs,
        None => known.unwrap_or(theirs),
    }
}

/// The line of a connection. `key` is that of its provider, with whether no other connection has it.
fn map(
    connection: &Value,
    id: &str,
    (key, is_alone): (&str, bool),
    catalog: &Catalog,
) -> Result<Value, String> {
    let theirs = text_of(connection, "provider").ok_or("It names no provider")?;
    let ways =
        catalog.ways(key).ok_or_else(|| format!("There is no provider for Nango's \"{theirs}\" here"))?;
    let credentials = connection
        .get("credentials")
        .and_then(Value::as_object)
        .ok_or("It has no credentials: Nango lists connections without them, so ask for each by its id")?;
    let (way, credential) = credential(ways, credentials)?;
    let provider = match is_alone {
        true => key.to_owned(),
        false => format!("{key}~{}", alias(id).ok_or("Its id has no letter or digit to make an alias of")?),
    };
    Ok(json!({
        "provider": provider,
        "auth": way.auth.as_str(),
        "connection": connection_fields(way, connection),
        "credential": credential,
    }))
}

/// The way that a credential is for, and the credential as it is imported.
fn credential<'a>(ways: &'a Ways, from: &Map<String, Value>) -> Result<(&'a Provider, Value), String> {
    let kind = from.get("type").and_then(Value::as_str).unwrap_or_default();
    let text = |name: &str| from.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let by_form = ways.iter().map(|way| &**way).find(|way| matches!(way.setup, Setup::ApiKey(_)));
    let no_way = || format!("It was connected by {kind}, and this provider has no such way here");
    match kind {
        "OAUTH2" => {
            let way: &Provider = ways.by_app().ok_or_else(no_way)?;
            let access_token = text("access_token").ok_or("Its credentials have no access_token")?;
            let credential = json!({
                "access_token": access_token,
                "refresh_token": text("refresh_token"),
                "expires_at": text("expires_at"),
            });
            Ok((way, credential))
        }
        "API_KEY" => {
            let way = by_form.ok_or_else(no_way)?;
            let key = text("apiKey").or_else(|| text("api_key")).ok_or("Its credentials have no apiKey")?;
            match fields(way).as_slice() {
                [field] => Ok((way, json!({ (*field): key }))),
                _ => Err("It has one key, and this provider asks for several fields here".to_owned()),
            }
        }
        "BASIC" => {
            let way = by_form.ok_or_else(no_way)?;
            let username = text("username").ok_or("Its credentials have no username")?;
            match (fields(way).as_slice(), text("password")) {
                ([field], None) => Ok((way, json!({ (*field): username }))),
                ([first, second], Some(password)) => {
                    Ok((way, json!({ (*first): username, (*second): password })))
                }
                _ => {
                    Err("It has a user name and a password, and this provider asks for others here"
                        .to_owned())
                }
            }
        }
        _ => Err(format!("Credentials of the type \"{kind}\" cannot be imported: connect it again")),
    }
}

/// The names of the fields of a way's form.
fn fields(way: &Provider) -> Vec<&str> {
    way.form().into_iter().flat_map(|form| &form.fields).map(|field| field.key.as_str()).collect()
}

/// What the provider here asks for beside the credential. Nango keeps it in `connection_config`.
fn connection_fields(way: &Provider, connection: &Value) -> Map<String, Value> {
    let config = connection.get("connection_config").and_then(Value::as_object);
    let wanted = way.connection.iter().map(|field| &field.key);
    wanted.filter_map(|key| Some((key.clone(), config?.get(key)?.clone()))).collect()
}

/// An alias of the letters and digits of an id.
fn alias(id: &str) -> Option<String> {
    Some(hyphenated(id, ProviderRef::MAX_ALIAS_LEN)).filter(|alias| !alias.is_empty())
}

fn text_of(connection: &Value, name: &str) -> Option<String> {
    connection.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::contract_test::of_the_contract;

    fn mapped(file: &Value) -> Vec<Value> {
        let read = read(&file.to_string(), &of_the_contract());
        read.map_err(|unmapped| format!("{unmapped:?}")).unwrap().into_iter().map(|one| one.line).collect()
    }

    #[test]
    fn tokens_keys_and_passwords_become_lines() {
        let file = json!({"connections": [
            {"connection_id": "c1", "provider_config_key": "slack-prod", "provider": "slack", "connection_config": {},
             "credentials": {"type": "OAUTH2", "access_token": "xoxb-1", "refresh_token": "r1", "expires_at": "2026-03-01T10:00:00.000Z", "raw": {}}},
            {"connection_id": "c2", "provider": "postmark", "credentials": {"type": "API_KEY", "apiKey": "k"}},
            {"connection_id": "c3", "provider": "stripe-api-key", "credentials": {"type": "BASIC", "username": "rk_1", "password": ""}},
            {"connection_id": "c4", "provider": "shopify", "connection_config": {"subdomain": "acme", "other": 1},
             "credentials": {"type": "OAUTH2", "access_token": "shpat", "raw": {}}},
        ]});
        let lines = mapped(&file);
        assert_eq!(
            lines[0],
            json!({"provider": "slack", "auth": "oauth", "connection": {}, "credential": {
            "access_token": "xoxb-1", "refresh_token": "r1", "expires_at": "2026-03-01T10:00:00.000Z"}})
        );
        assert_eq!(
            (&lines[1]["provider"], &lines[1]["credential"]),
            (&json!("postmark"), &json!({"api_key": "k"}))
        );
        assert_eq!(
            (&lines[2]["provider"], &lines[2]["credential"]),
            (&json!("stripe"), &json!({"api_key": "rk_1"}))
        );
        assert_eq!(lines[3]["connection"], json!({"subdomain": "acme"}));
    }

    #[test]
    fn several_connections_of_a_provider_get_aliases_of_their_ids() {
        let one = |id: &str| json!({"connection_id": id, "provider": "slack", "credentials": {"type": "OAUTH2", "access_token": "t"}});
        let text = format!("{}\n\n{}\n", one("Acme  GmbH!"), one(&"x".repeat(60)));
        let lines = read(&text, &of_the_contract()).map_err(|unmapped| format!("{unmapped:?}")).unwrap();
        assert_eq!(lines[0].line["provider"], "slack~acme-gmbh");
        assert_eq!(lines[1].line["provider"], format!("slack~{}", "x".repeat(ProviderRef::MAX_ALIAS_LEN)));
        assert_eq!(mapped(&one("only"))[0]["provider"], "slack");
    }

    #[test]
    fn each_that_cannot_be_imported_is_named_without_its_secrets() {
        let credentials = |kind: &str| json!({"type": kind, "oauth_token": "SECRET", "apiKey": "SECRET"});
        let file = json!([
            {"connection_id": "a", "provider": "nobody", "credentials": credentials("API_KEY")},
            {"connection_id": "b", "provider": "slack", "credentials": credentials("OAUTH1")},
            {"connection_id": "c", "provider": "slack"},
            {"provider": "postmark", "credentials": credentials("BASIC")},
            {"connection_id": "e", "provider": "postmark", "credentials": credentials("API_KEY")},
        ]);
        let unmapped = read(&file.to_string(), &of_the_contract()).err().unwrap();
        let told: Vec<(&str, &str)> =
            unmapped.iter().map(|one| (one.connection.as_str(), one.message.as_str())).collect();
        assert_eq!(told.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["a", "b", "c", "number 4"]);
        assert!(told[0].1.contains("no provider for Nango's \"nobody\""), "{told:?}");
        assert!(told[1].1.contains("\"OAUTH1\" cannot be imported"), "{told:?}");
        assert!(told[2].1.contains("ask for each by its id"), "{told:?}");
        assert!(!format!("{told:?}").contains("SECRET"));
        for (text, at) in [("[]", "the file"), ("", "the file"), ("{}\n{", "line 2")] {
            assert_eq!(read(text, &of_the_contract()).err().unwrap()[0].connection, at, "{text}");
        }
    }
}
