//! The JSON Schema of provider files, for editors.

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::file::ProviderFile;

/// Where a schema of the specification is found, and where here.
const COMPONENTS: &str = "#/components/schemas/";
const DEFINITIONS: &str = "#/$defs/";

/// The JSON Schema (draft 2020-12) of the form of provider files. It knows the keys and their types, and not the rules
/// between them: those are checked when a file is loaded.
pub fn provider_file_schema() -> Value {
    let mut parts = Vec::new();
    ProviderFile::schemas(&mut parts);
    let parts: Map<String, Value> =
        parts.into_iter().map(|(name, part)| (name, turned(json!(part)))).collect();
    let mut definitions: Vec<(String, Value)> = parts.into_iter().collect();
    definitions.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Provider file",
        "description": "A provider of the catalog. docs/reference/provider-file.md says what each key means.",
    });
    if let (Some(schema), Value::Object(root)) =
        (schema.as_object_mut(), turned(json!(ProviderFile::schema())))
    {
        schema.extend(root.into_iter().filter(|(name, _)| name != "description"));
        schema.insert("$defs".to_owned(), definitions.into_iter().collect::<Map<_, _>>().into());
    }
    schema
}

/// A schema of the specification as one of a file by itself: TOML has no null, and a closed list of words.
fn turned(schema: Value) -> Value {
    match schema {
        Value::Object(members) => turned_members(members),
        Value::Array(items) => items.into_iter().map(turned).collect(),
        Value::String(text) => match text.strip_prefix(COMPONENTS) {
            Some(name) => format!("{DEFINITIONS}{name}").into(),
            None => text.into(),
        },
        other => other,
    }
}

fn turned_members(members: Map<String, Value>) -> Value {
    let is_null = |one: &Value| one == "null" || one["type"] == "null";
    let mut turned_members = Map::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("x-extensible-enum", words) => {
                turned_members.insert("enum".to_owned(), words);
            }
            ("type", Value::Array(mut types)) if types.iter().any(is_null) => {
                types.retain(|one| !is_null(one));
                let kind = if types.len() == 1 { types.remove(0) } else { types.into() };
                turned_members.insert(name, kind);
            }
            ("oneOf", Value::Array(mut choices)) if choices.iter().any(is_null) => {
                choices.retain(|one| !is_null(one));
                if let [Value::Object(only)] = choices.as_slice() {
                    turned_members
                        .extend(only.iter().map(|(name, value)| (name.clone(), turned(value.clone()))));
                } else {
                    turned_members.insert(name, turned(choices.into()));
                }
            }
            (_, value) => {
                turned_members.insert(name, turned(value));
            }
        }
    }
    turned_members.into()
}
