//! The fields of a body, read from its schema.

use maud::{Markup, html};
use serde_json::Value;

use super::parts::{rich, table, text};

/// How deep objects within objects are drawn.
const DEPTH: usize = 1;

/// A table of an object's fields; nothing for what has none.
pub(super) fn field_table(specification: &Value, label: &str, schema: &Value) -> Option<Markup> {
    let rows = rows(specification, element(specification, schema), "", 0)?;
    Some(table(label, &["Field", "Type", "Presence", "Meaning"], &rows))
}

/// The schema of `data` in the envelope of success.
pub(super) fn data<'a>(specification: &'a Value, envelope: &'a Value) -> &'a Value {
    resolve(specification, &resolve(specification, envelope)["properties"]["data"])
}

/// Whether the schema is a list.
pub(super) fn is_list(schema: &Value) -> bool {
    schema["type"] == "array"
}

fn rows(specification: &Value, object: &Value, prefix: &str, depth: usize) -> Option<Markup> {
    let properties = object["properties"].as_object().filter(|properties| !properties.is_empty())?;
    let required =
        |name: &str| object["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    Some(html! {
        @for (name, field) in properties {
            @let schema = resolve(specification, field);
            tr {
                td { code { (prefix) (name) } }
                td { (kind(specification, schema)) @if nullable(field) || nullable(schema) { " or null" } }
                td { @if required(name) { "required" } @else { "optional" } }
                td { (meaning(field, schema)) }
            }
            @if depth < DEPTH {
                @let dots = if is_list(schema) { "[]." } else { "." };
                @let inner = element(specification, schema);
                @if let Some(rows) = rows(specification, inner, &format!("{prefix}{name}{dots}"), depth + 1) {
                    (rows)
                }
            }
        }
    })
}

/// The schema that a reference or a choice with null stands for.
fn resolve<'a>(specification: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(name) = text(&schema["$ref"]).strip_prefix("#/components/schemas/") {
        return &specification["components"]["schemas"][name];
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    match choices.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        Some(choice) if choice["$ref"].is_string() => resolve(specification, choice),
        Some(choice) => choice,
        None => schema,
    }
}

/// What a list holds; anything else is its own element.
fn element<'a>(specification: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolve(specification, schema);
    if is_list(schema) { resolve(specification, &schema["items"]) } else { schema }
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let several = schema["type"].as_array().map(Vec::as_slice).unwrap_or_default();
    schema["type"].as_str().into_iter().chain(several.iter().filter_map(Value::as_str))
}

fn nullable(schema: &Value) -> bool {
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    types(schema).any(|one| one == "null")
        || choices.is_some_and(|all| all.iter().any(|one| one["type"] == "null"))
}

fn kind(specification: &Value, schema: &Value) -> String {
    let names: Vec<&str> = types(schema).filter(|one| *one != "null").collect();
    let name = names.join(" or ");
    let of = |inner: &Value| {
        types(resolve(specification, inner)).next().map(|inner| format!("{name} of {inner}s"))
    };
    let inner = if is_list(schema) { of(&schema["items"]) } else { of(&schema["additionalProperties"]) };
    match (inner, schema["format"].as_str()) {
        (Some(compound), _) => compound,
        (None, Some(format)) => format!("{name} ({format})"),
        (None, None) => name,
    }
}

/// What the field is for, with its bounds and with the values that the description leaves out.
fn meaning(field: &Value, schema: &Value) -> Markup {
    let own = text(&field["description"]);
    let description = if own.is_empty() { text(&schema["description"]) } else { own };
    let values: Vec<&str> = schema["enum"].as_array().into_iter().flatten().map(text).collect();
    let told = values.iter().all(|value| description.contains(&format!("`{value}`")));
    html! {
        (rich(description))
        @if let Some(most) = schema["maxLength"].as_u64() { " At most " (most) " characters." }
        @if !told {
            " One of "
            @for (index, value) in values.iter().enumerate() { @if index > 0 { ", " } code { (value) } }
            "."
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_lists_choices_and_null_are_told() {
        let specification = json!({"components": {"schemas": {
            "Action": {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]},
            "Status": {"type": "string", "enum": ["active", "paused"]}
        }}});
        let schema = json!({"type": "object", "required": ["status"], "properties": {
            "status": {"$ref": "#/components/schemas/Status", "description": "Where it stands."},
            "name": {"type": ["string", "null"], "maxLength": 100},
            "health": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Status"}]},
            "actions": {"type": "array", "items": {"$ref": "#/components/schemas/Action"}},
            "permissions": {"type": "object", "additionalProperties": {"type": "boolean"}}
        }});
        let table = field_table(&specification, "Fields", &schema).unwrap().into_string();
        for expected in [
            "<td>string</td><td>required</td><td>Where it stands. One of <code>active</code>, <code>paused</code>.",
            "<td>string or null</td><td>optional</td><td> At most 100 characters.",
            "<td>array of objects</td>",
            "<code>actions[].key</code>",
            "<td>object of booleans</td>",
        ] {
            assert!(table.contains(expected), "{expected} in {table}");
        }
        assert_eq!(table.matches("or null").count(), 2);
        assert!(field_table(&specification, "Fields", &json!({"type": "object"})).is_none());
    }
}
