//! Reads the values that several tables of a provider file contain: names, patterns, pointers, headers, pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use url::Url;

use crate::{
    catalog::{
        action::{Condition, Expected},
        field::Pattern,
        file::BasicAuthTable,
        probe::BasicAuth,
        problems::Problems,
        scope::Names,
        template::{JsonPointer, Template, check_url, is_name},
    },
    pasted::Surroundings,
};

/// Reads the address of a page for people, which may have a fragment.
pub(super) fn page(path: &str, text: &str, problems: &mut Problems) -> Option<Url> {
    let without_fragment = text.split('#').next().unwrap_or_default();
    let checked =
        check_url(without_fragment).and_then(|_| Url::parse(text).map_err(|error| error.to_string()));
    problems.ok(path, checked.map_err(|reason| format!("not the address of a page: {reason}")))
}

/// Checks the words that stand in place of a pattern, because people do not read patterns.
pub(super) fn mismatch(path: &str, words: Option<&str>, has_form: bool, problems: &mut Problems) {
    let path = format!("{path}.mismatch");
    match words {
        None if has_form => {
            problems.add(path, "a pattern needs `mismatch`: what is expected, in words for people");
        }
        Some(_) if !has_form => problems.add(path, "`mismatch` needs a pattern"),
        Some(words)
            if words.trim().is_empty() || words.contains(['^', '\\', '\n']) || words.ends_with('.') =>
        {
            problems
                .add(path, "must be words for people, on one line and without a full stop, and no pattern");
        }
        _ => {}
    }
}

/// Reads the texts that a value stands in. Each has the placeholder `{name}`, and no other.
pub(super) fn found_in(
    path: &str,
    name: &str,
    texts: &[String],
    problems: &mut Problems,
) -> Vec<Surroundings> {
    let read = |text: &String| {
        let template = Template::parse(text).map_err(|error| error.to_string())?;
        let (before, after) = text.split_once(&format!("{{{name}}}")).unwrap_or_default();
        if template.placeholders().ne([name]) || before.is_empty() {
            return Err(format!("must contain `{{{name}}}` once, and text before it"));
        }
        Ok(Surroundings { before: before.to_owned(), after: after.to_owned() })
    };
    let places = texts.iter().enumerate();
    places.filter_map(|(index, text)| problems.ok(format!("{path}.found_in.{index}"), read(text))).collect()
}

/// Compiles a pattern, or returns `None` if it is wrong.
pub(super) fn pattern(path: &str, text: &str, problems: &mut Problems) -> Option<Pattern> {
    problems.ok(path, Pattern::parse(text))
}

/// Checks a name's form, and that it is not in `seen` yet.
pub(super) fn unique_name(name: &str, path: &str, seen: &mut BTreeSet<String>, problems: &mut Problems) {
    if !is_name(name) {
        problems.add(
            path,
            "a name must begin with a lower-case letter and contain only lower-case letters, digits and `_`",
        );
    } else if !seen.insert(name.to_owned()) {
        problems.add(path, format!("`{name}` is listed twice"));
    }
}

/// Reads a JSON pointer.
pub(super) fn pointer(path: &str, text: &str, problems: &mut Problems) -> Option<JsonPointer> {
    problems.ok(path, JsonPointer::parse(text))
}

/// Reads a list of JSON pointers, which must not be empty.
pub(super) fn pointers(path: &str, texts: &[String], problems: &mut Problems) -> Option<Vec<JsonPointer>> {
    if texts.is_empty() {
        problems.add(path, "needs at least one JSON pointer");
    }
    let read =
        texts.iter().enumerate().map(|(index, text)| pointer(&format!("{path}.{index}"), text, problems));
    // Every wrong one is reported, not only the first.
    read.collect::<Vec<_>>().into_iter().collect()
}

/// Checks that each number is an HTTP status.
pub(super) fn statuses(path: &str, statuses: &[u16], problems: &mut Problems) {
    for (index, status) in statuses.iter().enumerate() {
        if !(100..=599).contains(status) {
            problems.add(format!("{path}.{index}"), "not an HTTP status");
        }
    }
}

/// Headers that the HTTP client sets by itself.
const RESERVED: &[&str] = &["host", "content-length", "content-type", "connection", "transfer-encoding"];

/// Checks that a header's name is valid and not reserved.
pub(super) fn check_header(name: &str, path: &str, problems: &mut Problems) {
    if !is_header_name(name) {
        problems.add(path, "not a header name");
    } else if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        problems.add(path, format!("`{name}` is set by the server itself"));
    }
}

/// Whether `name` is a token as in RFC 9110, section 5.6.2.
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Reads texts with placeholders by name. Those that cannot be read are left out.
pub(super) fn templates(
    texts: BTreeMap<String, String>,
    path: &str,
    problems: &mut Problems,
) -> Vec<(String, Template)> {
    let read = |(name, text): (String, String)| {
        problems.ok(format!("{path}.{name}"), Template::parse(&text)).map(|template| (name, template))
    };
    texts.into_iter().filter_map(read).collect()
}

/// Reads what must be at places of an answer, by place.
pub(super) fn conditions(
    table: &BTreeMap<String, toml::Value>,
    path: &str,
    problems: &mut Problems,
) -> Option<Vec<Condition>> {
    let read: Vec<Option<Condition>> = table
        .iter()
        .map(|(place, value)| {
            let path = format!("{path}.{place}");
            let pointer = pointer(&path, place, problems);
            let expected = problems.ok(path.as_str(), expected(value));
            Some(Condition { pointer: pointer?, expected: expected? })
        })
        .collect();
    read.into_iter().collect()
}

fn expected(value: &toml::Value) -> Result<Expected, String> {
    let values = |list: &toml::Value| match list {
        toml::Value::Array(values) if values.iter().any(is_placeholder) => {
            Err("values are compared as they stand here: a placeholder is not filled in".to_owned())
        }
        toml::Value::Array(values) if !values.is_empty() => {
            values.iter().map(to_json).collect::<Result<Vec<_>, _>>()
        }
        _ => Err("must be a list of values, { not = [values] }, \"present\" or \"absent\"".to_owned()),
    };
    match (value, value.get("not")) {
        (toml::Value::String(word), _) if word == "present" => Ok(Expected::Present),
        (toml::Value::String(word), _) if word == "absent" => Ok(Expected::Absent),
        (toml::Value::Table(table), Some(list)) if table.len() == 1 => values(list).map(Expected::NoneOf),
        _ => values(value).map(Expected::OneOf),
    }
}

fn is_placeholder(value: &toml::Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('{') && text.ends_with('}'))
}

/// Converts TOML to JSON. The error is a sentence: JSON has neither dates nor numbers that are not finite.
pub(super) fn to_json(value: &toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(*number).ok_or("JSON has no such number")?.into()
        }
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Datetime(_) => return Err("JSON has no dates: write a string".into()),
        toml::Value::Array(items) => items.iter().map(to_json).collect::<Result<Vec<_>, _>>()?.into(),
        toml::Value::Table(table) => {
            let pairs = table.iter().map(|(key, value)| Ok((key.clone(), to_json(value)?)));
            Value::Object(pairs.collect::<Result<Map<_, _>, String>>()?)
        }
    })
}

/// Reads user name and password.
pub(super) fn basic_auth(
    table: &BasicAuthTable,
    path: &str,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<BasicAuth> {
    let username = names.text(&format!("{path}.username"), &table.username, problems);
    let password = names.text(&format!("{path}.password"), &table.password, problems);
    // RFC 7617, section 2: the first colon ends the user name.
    if table.username.contains(':') {
        problems.add(format!("{path}.username"), "a user name cannot contain `:`");
    }
    Some(BasicAuth { username: username?, password: password? })
}
