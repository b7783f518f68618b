//! Compares what came out with what an example says.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::action::{RenderedBody, RenderedRequest};
use crate::catalog::action::{Body, RequestTemplate};
use crate::catalog::convert::values::to_json;
use crate::catalog::file::ExampleRequestTable;
use crate::catalog::problems::Problems;

/// A result without the members that are null, which TOML cannot write.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        value => value,
    }
}

pub(super) fn differ(expected: &Value, got: &Value) -> String {
    format!("expected {expected}, got {got}")
}

/// Compares a request with what an example says of it. A difference is told at the place of the expected value.
pub(super) fn compare(
    expected: &ExampleRequestTable,
    template: &RequestTemplate,
    request: &RenderedRequest,
    path: &str,
    problems: &mut Problems,
) {
    let headers = expected.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let query = problems.ok(format!("{path}.query"), pairs(&expected.query)).map(sorted);
    let got = sorted(request.query.clone());
    let parts = [
        ("method", expected.method.as_str().into(), request.method.as_str().into()),
        ("path", expected.path.as_str().into(), request.path.as_str().into()),
        ("headers", sorted(headers), sorted(request.headers.clone())),
        ("query", query.unwrap_or_else(|| got.clone()), got),
    ];
    for (key, expected, got) in parts.into_iter().filter(|(_, expected, got)| expected != got) {
        problems.add(format!("{path}.{key}"), differ(&expected, &got));
    }
    match problems.ok(path, body(expected, template)) {
        Some((key, body)) if body != written(&request.body) => {
            problems.add(format!("{path}.{key}"), differ(&body, &written(&request.body)));
        }
        _ => {}
    }
}

/// The body that an example expects, and the key that says it.
fn body(expected: &ExampleRequestTable, template: &RequestTemplate) -> Result<(&'static str, Value), String> {
    match (&expected.json, &expected.form, &expected.variables, &template.body) {
        (None, None, variables, Body::GraphQl { document, .. }) => {
            let variables = variables.as_ref().map_or_else(|| Ok(Map::new().into()), read_json)?;
            Ok(("variables", json!({"query": document, "variables": variables})))
        }
        (None, None, None, _) => Ok(("json", Value::Null)),
        (Some(value), None, None, _) => read_json(value).map(|value| ("json", value)),
        (None, Some(form), None, _) => pairs(form).map(|form| ("form", sorted(form))),
        _ => Err("the expected request has one body: `json`, `form`, or `variables` of GraphQL".into()),
    }
}

fn written(body: &RenderedBody) -> Value {
    match body {
        RenderedBody::None => Value::Null,
        RenderedBody::Json(value) => value.clone(),
        RenderedBody::Form(fields) => sorted(fields.clone()),
    }
}

/// Fields by name. Those of one name keep their order.
fn sorted(mut pairs: Vec<(String, String)>) -> Value {
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    pairs.into_iter().map(|(name, value)| Value::from(format!("{name}={value}"))).collect()
}

/// The fields of a query or a form. A list repeats its name.
fn pairs(table: &BTreeMap<String, toml::Value>) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for (name, value) in table {
        let values = match value {
            toml::Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let text = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(flag) => flag.to_string(),
                _ => return Err(format!("`{name}` is not a text, or a list of texts")),
            };
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

/// A JSON value: a TOML value, or a text that holds JSON.
pub(super) fn read_json(value: &toml::Value) -> Result<Value, String> {
    match value {
        toml::Value::String(text) => serde_json::from_str(text).map_err(|error| format!("not JSON: {error}")),
        value => to_json(value),
    }
}
