//! Spoils the facts of a provider file, one at a time: each address, parameter, flag, pointer and status.
//!
//! Whatever says how a provider is talked to is such a fact. Words for people, examples, settings, inputs, guards and
//! what is said of events are none.
#![expect(clippy::unwrap_used, reason = "a test fails if a provider file cannot be read")]

use std::fmt;

use toml::{Table, Value};

use crate::provider_files;

/// What kind of fact is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// An address or a path.
    Url,
    /// The name or the value of a parameter, a header or a member of a body; a scope.
    Parameter,
    /// Yes or no, or one of a few words.
    Flag,
    /// A place in an answer.
    Pointer,
    /// A status of HTTP.
    Status,
}

/// A file in which one fact is another.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// What kind of fact it is.
    pub fact: Fact,
    /// Where it stands, with the numbers of entries.
    pub place: String,
    /// Where such facts stand: without numbers and without names that the file chose.
    pub class: String,
    /// What it became.
    pub became: String,
    /// The file.
    pub text: String,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.place, self.became)
    }
}

/// What is no fact about the provider, wherever it stands.
const NO_FACTS: [&str; 36] = [
    "aliases",
    "app_fields",
    "app_page",
    "because",
    "category",
    "default",
    "description",
    "documentation_url",
    "enter",
    "events",
    "example",
    "examples",
    "fields",
    "former_setting",
    "format",
    "guards",
    "help",
    "input",
    "key",
    "kind",
    "label",
    "lag_seconds",
    "logo",
    "message",
    "mismatch",
    "missing",
    "name",
    "page",
    "pattern",
    "proof",
    "reviewed",
    "revoke_page",
    "settings",
    "unsupported",
    "when",
    "why",
];

/// Tables whose keys the provider chose: parameters, headers, members of bodies.
const OF_PARAMETERS: [&str; 14] = [
    "authorize_params",
    "basic_auth",
    "claims",
    "form",
    "graphql",
    "header",
    "headers",
    "json",
    "params",
    "query",
    "refresh_params",
    "token_headers",
    "token_params",
    "variables",
];

/// Tables whose keys are names of our own, and whose values are places in an answer.
const OF_PLACES: [&str; 2] = ["keep", "kept"];

/// Tables whose keys are places in an answer.
const OF_CONDITIONS: [&str; 5] = ["accepted_when", "failed_when", "succeeded_when", "unknown_when", "find"];

/// What else a word may be, by its key.
const OTHER_WORDS: [(&str, &[&str]); 8] = [
    ("algorithm", &["RS256", "PS256", "ES256"]),
    ("body_format", &["form", "json"]),
    ("client_auth", &["basic", "body"]),
    ("expires_unit", &["seconds", "milliseconds"]),
    ("method", &["GET", "POST", "PUT"]),
    ("pkce", &["s256", "none"]),
    ("refresh_rotates", &["retry_safe"]),
    ("scope_separator", &[" ", ","]),
];

/// A step on the way to a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// What is done to a value.
#[derive(Clone, Debug)]
enum Spoilt {
    To(Value),
    Renamed(String),
}

/// A file as it is read and written again, with what it has from its base: nothing is spoilt.
pub fn unspoilt(text: &str) -> String {
    toml::to_string(&completed(text)).unwrap()
}

/// A file with what its ways have from their bases.
fn completed(text: &str) -> Value {
    let mut file: Table = text.parse().unwrap();
    let ways = file.get_mut("auth").and_then(Value::as_array_mut).into_iter().flatten();
    for oauth in ways.filter_map(|way| way.get_mut("oauth")?.as_table_mut()) {
        let Some(base) = oauth.get("base").and_then(Value::as_str) else { continue };
        let base: Table = provider_files::base(base).parse().unwrap();
        for (key, value) in base["oauth"].as_table().unwrap() {
            oauth.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    Value::Table(file)
}

/// Each fact of a file, spoilt.
pub fn mutations(text: &str) -> Vec<Mutation> {
    let mut found = Vec::new();
    let root = completed(text);
    walk(&root, &mut Vec::new(), &mut found);
    found.into_iter().map(|(path, fact, spoilt)| mutated(&root, &path, fact, &spoilt)).collect()
}

fn walk(value: &Value, path: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, Fact, Spoilt)>) {
    match value {
        Value::Table(table) => {
            for (key, inner) in table {
                // The account has an id and a name, which are pointers.
                let is_account = path.iter().any(|step| matches!(step, Step::Key(key) if key == "account"));
                let in_parameters = within(path, &OF_PARAMETERS);
                if NO_FACTS.contains(&key.as_str()) && !in_parameters && !(is_account && key == "name") {
                    continue;
                }
                path.push(Step::Key(key.clone()));
                let renamed = match () {
                    () if in_parameters && !is_reserved(key) => Some(Fact::Parameter),
                    () if within(&path[..path.len() - 1], &OF_CONDITIONS) && key.starts_with('/') => {
                        Some(Fact::Pointer)
                    }
                    () => None,
                };
                if let Some(fact) = renamed {
                    found.push((path.clone(), fact, Spoilt::Renamed(format!("{key}x"))));
                }
                walk(inner, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                walk(item, path, found);
                path.pop();
            }
        }
        leaf => found.extend(spoilt(leaf, path).map(|(fact, spoilt)| (path.clone(), fact, spoilt))),
    }
}

/// Members of a body in a provider file that are instructions to us.
fn is_reserved(key: &str) -> bool {
    matches!(key, "each" | "item" | "optional" | "username" | "password" | "variables" | "query")
}

fn within(path: &[Step], tables: &[&str]) -> bool {
    path.iter().any(|step| matches!(step, Step::Key(key) if tables.contains(&key.as_str())))
}

fn spoilt(leaf: &Value, path: &[Step]) -> Option<(Fact, Spoilt)> {
    let key = path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    })?;
    let to = |fact, value: Value| Some((fact, Spoilt::To(value)));
    match leaf {
        Value::Boolean(flag) if within(path, &OF_PARAMETERS) => to(Fact::Parameter, (!flag).into()),
        Value::Boolean(flag) => to(Fact::Flag, (!flag).into()),
        Value::Integer(number) if within(path, &OF_PARAMETERS) => to(Fact::Parameter, (number + 1).into()),
        // 200 becomes 208, 401 becomes 409: no status that is named elsewhere.
        Value::Integer(number) if key.contains("status") => to(Fact::Status, (number + 8).into()),
        Value::String(text) => {
            if let Some((_, words)) = OTHER_WORDS.iter().find(|(of, _)| *of == key) {
                return match words.iter().find(|word| *word != text) {
                    Some(word) => to(Fact::Flag, (*word).into()),
                    None => to(Fact::Flag, false.into()),
                };
            }
            if within(path, &OF_PARAMETERS)
                || matches!(key, "scopes" | "idempotency_header" | "code_param" | "redirect_uri")
            {
                return to(Fact::Parameter, format!("{text}x").into());
            }
            if matches!(key, "path" | "url" | "resource" | "issuer") || key.ends_with("_url") {
                return to(Fact::Url, spoilt_url(text).into());
            }
            let is_place = text.starts_with('/') || within(path, &OF_PLACES);
            is_place.then(|| (Fact::Pointer, Spoilt::To(format!("{text}x").into())))
        }
        _ => None,
    }
}

/// The same host, with another path.
fn spoilt_url(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let has_path = before.strip_prefix("https://").is_none_or(|rest| rest.contains('/'));
    let before = if has_path { format!("{before}x") } else { format!("{before}/x") };
    query.map_or(before.clone(), |query| format!("{before}?{query}"))
}

fn mutated(root: &Value, path: &[Step], fact: Fact, spoilt: &Spoilt) -> Mutation {
    let mut file = root.clone();
    let (last, before) = path.split_last().unwrap();
    let mut at = &mut file;
    for step in before {
        at = match step {
            Step::Key(key) => &mut at[key.as_str()],
            Step::Index(index) => &mut at[*index],
        };
    }
    let became = match (spoilt, last) {
        (Spoilt::To(value), Step::Key(key)) => {
            at[key.as_str()] = value.clone();
            value.to_string()
        }
        (Spoilt::To(value), Step::Index(index)) => {
            at[*index] = value.clone();
            value.to_string()
        }
        (Spoilt::Renamed(name), Step::Key(key)) => {
            let table = at.as_table_mut().unwrap();
            let value = table.remove(key).unwrap();
            table.insert(name.clone(), value);
            format!("(called {name})")
        }
        (Spoilt::Renamed(_), Step::Index(_)) => String::new(),
    };
    Mutation { fact, place: place(path), class: class(path), became, text: toml::to_string(&file).unwrap() }
}

fn place(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}

fn class(path: &[Step]) -> String {
    let mut steps = Vec::new();
    for step in path {
        let Step::Key(key) = step else { continue };
        steps.push(key.as_str());
        if OF_PARAMETERS.iter().chain(&OF_PLACES).chain(&OF_CONDITIONS).any(|table| table == key) {
            steps.push("*");
            break;
        }
    }
    steps.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
key = "acme"
api_base_url = "https://api.acme.example"
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_params = { audience = "all" }
scopes = ["read"]
pkce = "s256"
refresh_rotates = true
token_url = "https://acme.example/token?a=b"
[probe]
good_statuses = [200]
[probe.answer]
pointer = "/id"
[[actions]]
key = "find"
examples = [{ request = { path = "/things" } }]
result = { keep = { things = "/things" }, succeeded_when = { "/ok" = true } }
"#;

    #[test]
    fn each_fact_is_spoilt_alone() {
        let told: Vec<String> = mutations(FILE).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "actions.0.result.keep.things = \"/thingsx\"",
                "actions.0.result.succeeded_when./ok = (called /okx)",
                "actions.0.result.succeeded_when./ok = false",
                "api_base_url = \"https://api.acme.example/x\"",
                "auth.0.oauth.authorize_params.audience = (called audiencex)",
                "auth.0.oauth.authorize_params.audience = \"allx\"",
                "auth.0.oauth.pkce = \"none\"",
                "auth.0.oauth.refresh_rotates = false",
                "auth.0.oauth.scopes.0 = \"readx\"",
                "auth.0.oauth.token_url = \"https://acme.example/tokenx?a=b\"",
                "probe.answer.pointer = \"/idx\"",
                "probe.good_statuses.0 = 208",
            ]
        );
        let one = &mutations(FILE)[4];
        assert!(
            one.text.contains("audiencex = \"all\"") && !one.text.contains("audience = "),
            "{}",
            one.text
        );
        assert_eq!(one.class, "auth.oauth.authorize_params.*");
    }
}
