//! What is kept of the answers to requests.

use std::collections::BTreeMap;

use crate::catalog::action::Kept;
use crate::catalog::problems::Problems;
use crate::catalog::template::{JsonPointer, is_name};

/// Reads what is kept of an answer. `of_result`: it is what the caller gets. It may be a whole answer, and what is
/// missing is null.
pub(super) fn keep(
    table: &BTreeMap<String, toml::Value>,
    path: &str,
    of_result: bool,
    problems: &mut Problems,
) -> Option<Vec<Kept>> {
    let mut kept = Vec::new();
    for (name, value) in table {
        let path = format!("{path}.{name}");
        if !is_name(name) {
            problems.add(path.as_str(), "a name has lower-case letters, digits and `_`");
        }
        kept.push(problems.ok(path.as_str(), kept_place(name, value, of_result)));
    }
    kept.into_iter().collect()
}

fn kept_place(name: &str, value: &toml::Value, of_result: bool) -> Result<Kept, String> {
    let form = "must be a JSON pointer, or { pointer = \"…\", optional = true }";
    let none = toml::Table::new();
    let (text, table) = match value {
        toml::Value::String(text) => (text.as_str(), &none),
        toml::Value::Table(table) if !of_result => {
            (table.get("pointer").and_then(toml::Value::as_str).ok_or(form)?, table)
        }
        _ => return Err(form.into()),
    };
    if table.keys().any(|key| !matches!(key.as_str(), "pointer" | "optional" | "default")) {
        return Err(form.into());
    }
    let optional = table.get("optional").map_or(Some(of_result), toml::Value::as_bool).ok_or(form)?;
    let default = table.get("default").map(|text| text.as_str().ok_or("a default is a text")).transpose()?;
    if default.is_some() && !optional {
        return Err("what has a default is `optional`".into());
    }
    let pointer = if of_result { JsonPointer::parse_or_whole(text) } else { JsonPointer::parse(text) };
    Ok(Kept { name: name.to_owned(), pointer: pointer?, optional, default: default.map(str::to_owned) })
}
