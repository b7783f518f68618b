//! Templates of the expectations: `{name}` stands for a value.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use regex::Regex;
use serde_json::{Map, Value};

/// The values of placeholders.
pub(super) type Values = Map<String, Value>;

/// Replaces the placeholders of a text. Panics if a name is unknown, which is a mistake in an expectation.
pub(super) fn text(template: &str, values: &Values) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        match values.get(name) {
            Some(Value::String(text)) => filled.push_str(text),
            Some(other) => filled.push_str(&other.to_string()),
            None => panic!("no value for {{{name}}} in {template:?}"),
        }
        rest = after;
    }
    filled + rest
}

/// Replaces the placeholders of a JSON document. A string that is only a placeholder becomes its value, of any type.
/// `{null}` becomes null, which TOML cannot express.
pub(super) fn json(template: &Value, values: &Values) -> Value {
    match template {
        Value::String(text) if text == "{null}" => Value::Null,
        Value::String(text) => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) if !name.contains('}') => {
                values.get(name).unwrap_or_else(|| panic!("no value for {text}")).clone()
            }
            _ => self::text(text, values).into(),
        },
        Value::Array(items) => items.iter().map(|item| json(item, values)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), json(value, values))).collect()
        }
        other => other.clone(),
    }
}

/// Stands for a UUID that no request had before.
pub(super) const UUID: &str = "{uuid}";

/// Whether `actual` is as expected. After `~` follows a regular expression for the whole text; anything else is a
/// template, or [`UUID`].
pub(super) fn agrees(expected: &str, values: &Values, actual: &str) -> bool {
    match expected.strip_prefix('~') {
        None if expected == UUID => matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", actual),
        Some(pattern) => matches(pattern, actual),
        None => text(expected, values) == actual,
    }
}

/// Whether the whole of `actual` matches the pattern. Patterns are kept, because to compile one takes the longest.
pub(super) fn matches(pattern: &str, actual: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);

    let mut compiled = COMPILED.lock().unwrap();
    let compile = || Regex::new(&format!("^(?:{pattern})$")).unwrap();
    compiled.entry(pattern.to_owned()).or_insert_with(compile).is_match(actual)
}

/// Whether `actual` would be as expected with other values. Each placeholder matches any text without `/`.
pub(super) fn resembles(expected: &str, actual: &str) -> bool {
    match expected.strip_prefix('~') {
        Some(pattern) => matches(pattern, actual),
        None => {
            static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\{[^}]*\\\}").unwrap());

            let pattern = PLACEHOLDER.replace_all(&regex::escape(expected), "[^/]+").into_owned();
            matches(&pattern, actual)
        }
    }
}
