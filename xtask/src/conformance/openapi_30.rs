//! Turns a document of OpenAPI 3.1 down to 3.0, for tools that read no other, such as progenitor. It knows what this
//! API's document uses.

use serde_json::{Map, Value, json};

/// Turns the document down.
pub(super) fn turn_down(document: &mut Value) {
    document["openapi"] = json!("3.0.3");
    if let Some(license) = document["info"]["license"].as_object_mut() {
        license.shift_remove("identifier");
    }
    // What passes the proxy is the provider's. It has no shape, and progenitor wants one.
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        paths.retain(|path, _| !path.contains("/proxy/"));
    }
    walk(document);
}

fn walk(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(walk),
        Value::Object(fields) => {
            optional_and_nullable(fields);
            one_success(fields);
            // Examples are data: what looks like a schema in them is none.
            for (name, field) in fields.iter_mut() {
                if name == "security" {
                    without_roles(field);
                } else if !matches!(name.as_str(), "example" | "examples") {
                    walk(field);
                }
            }
            without_siblings(fields);
            nullable_type(fields);
            nullable_choice(fields);
            fields.shift_remove("propertyNames");
        }
        _ => {}
    }
}

/// Only OAuth has scopes in 3.0; in 3.1 every scheme may name roles.
fn without_roles(security: &mut Value) {
    let schemes = security.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    schemes.flat_map(|scheme| scheme.iter_mut()).for_each(|(_, roles)| *roles = json!([]));
}

/// An operation keeps the first of its successes. Progenitor takes one alone; its clients report another one as an
/// answer that they did not expect, with its status.
fn one_success(fields: &mut Map<String, Value>) {
    let Some(responses) = fields.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let mut successes = 0;
    responses.retain(|status, _| {
        successes += usize::from(status.starts_with('2'));
        !status.starts_with('2') || successes == 1
    });
}

/// Beside `$ref` 3.0 ignores everything.
fn without_siblings(fields: &mut Map<String, Value>) {
    if fields.get("$ref").is_some_and(Value::is_string) {
        fields.retain(|name, _| name == "$ref");
    }
}

/// A property that may be left out or be null becomes any value. To generators of 3.0, progenitor among them, both are
/// the same, and their clients could not send null.
fn optional_and_nullable(fields: &mut Map<String, Value>) {
    let required = fields.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let types = property["type"].as_array();
        let may_be_null = types.is_some_and(|types| types.iter().any(|one| one == "null"));
        if may_be_null && !required.iter().any(|one| one == name) {
            *property = json!({"description": property["description"]});
        }
    }
}

/// `"type": ["string", "null"]` becomes `"type": "string", "nullable": true`.
fn nullable_type(fields: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = fields.get("type") else { return };
    let others: Vec<Value> = types.iter().filter(|one| *one != "null").cloned().collect();
    if let [only] = others.as_slice() {
        let is_nullable = others.len() < types.len();
        fields.insert("type".to_owned(), only.clone());
        if is_nullable {
            fields.insert("nullable".to_owned(), json!(true));
        }
    }
}

/// A choice between null and one object becomes that object, nullable. 3.0 has `nullable` only beside a type.
fn nullable_choice(fields: &mut Map<String, Value>) {
    for choice in ["oneOf", "anyOf"] {
        let Some(Value::Array(schemas)) = fields.get(choice) else { continue };
        let others: Vec<Value> = schemas.iter().filter(|one| one["type"] != "null").cloned().collect();
        if others.len() == 1 && schemas.len() == 2 {
            fields.shift_remove(choice);
            fields.insert("type".to_owned(), json!("object"));
            fields.insert("allOf".to_owned(), json!(others));
            fields.insert("nullable".to_owned(), json!(true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned_down(schema: Value) -> Value {
        let mut document = json!({"openapi": "3.1.0", "info": {"license": {"name": "MIT", "identifier": "MIT"}}, "x": schema});
        turn_down(&mut document);
        assert_eq!(document["openapi"], "3.0.3");
        assert_eq!(document["info"]["license"], json!({"name": "MIT"}));
        document["x"].take()
    }

    #[test]
    fn null_is_said_as_3_0_says_it() {
        assert_eq!(
            turned_down(json!({"type": ["string", "null"], "maxLength": 9})),
            json!({"type": "string", "maxLength": 9, "nullable": true})
        );
        assert_eq!(
            turned_down(json!({"oneOf": [{"type": "null"}, {"$ref": "#/a", "description": "A"}]})),
            json!({"type": "object", "allOf": [{"$ref": "#/a"}], "nullable": true})
        );
        assert_eq!(turned_down(json!({"type": "string"})), json!({"type": "string"}));
    }

    #[test]
    fn what_may_be_left_out_and_be_null_is_any_value() {
        let nullable = json!({"type": ["string", "null"], "description": "A", "maxLength": 9});
        let turned = turned_down(json!({"properties": {"a": nullable, "b": nullable}, "required": ["b"]}));
        assert_eq!(turned["properties"]["a"], json!({"description": "A"}));
        assert_eq!(
            turned["properties"]["b"],
            json!({"type": "string", "nullable": true, "description": "A", "maxLength": 9})
        );
    }

    #[test]
    fn the_first_success_is_the_only_one() {
        let turned = turned_down(json!({"responses": {"200": {}, "202": {}, "400": {}}}));
        assert_eq!(turned, json!({"responses": {"200": {}, "400": {}}}));
    }

    #[test]
    fn what_3_0_does_not_have_is_left_out() {
        assert_eq!(
            turned_down(json!({"security": [{"api_key": ["integrations:read"]}, {}], "propertyNames": {}})),
            json!({"security": [{"api_key": []}, {}]})
        );
    }

    #[test]
    fn examples_stay_as_they_are() {
        let example = json!({"example": {"type": ["string", "null"], "propertyNames": 1}});
        assert_eq!(turned_down(example.clone()), example);
    }
}
