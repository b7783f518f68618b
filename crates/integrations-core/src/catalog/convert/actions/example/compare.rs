//! Compares what came out with what an example says.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::action::{Outcome, RenderedBody, RenderedRequest};
use crate::catalog::action::{Body, RequestTemplate};
use crate::catalog::convert::values::to_json;
use crate::catalog::file::{ExampleAnswerTable, ExampleOutcome, ExampleRequestTable};
use crate::catalog::problems::Problems;

/// A result without the members that are null, which TOML cannot write.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        value => value,
    }
}

fn differ(expected: &Value, got: &Value) -> String {
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
fn read_json(value: &toml::Value) -> Result<Value, String> {
    match value {
        toml::Value::String(text) => serde_json::from_str(text).map_err(|error| format!("not JSON: {error}")),
        value => to_json(value),
    }
}

/// Compares what came with what an example says of it. `keeps` tells whether anything is kept for the caller.
pub(super) fn compare_outcome(
    table: &ExampleAnswerTable,
    came: Outcome,
    keeps: bool,
    path: &str,
    problems: &mut Problems,
) {
    let (word, result, error) = match came {
        Outcome::Succeeded { result, .. } => (ExampleOutcome::Succeeded, Some(result), None),
        Outcome::Accepted { result } => (ExampleOutcome::Accepted, Some(result), None),
        Outcome::Failed { message, .. } => (ExampleOutcome::Failed, None, message),
        Outcome::Unknown => (ExampleOutcome::Unknown, None, None),
        Outcome::RateLimited => (ExampleOutcome::RateLimited, None, None),
        Outcome::Unauthorized => (ExampleOutcome::Unauthorized, None, None),
        Outcome::Unavailable => (ExampleOutcome::Unavailable, None, None),
    };
    if word != table.outcome {
        problems.add(format!("{path}.outcome"), format!("expected {}, got {word}", table.outcome));
        return;
    }
    if table.error.is_some() && table.error != error {
        let got = error.as_deref().unwrap_or("nothing");
        problems.add(format!("{path}.error"), format!("got {got}"));
    }
    let expected = table.result.as_ref().map(|value| problems.ok(format!("{path}.result"), read_json(value)));
    let (Some(result), Some(expected)) = (result, expected) else {
        if table.result.is_none() && keeps && has_result(word) {
            problems.add(path, "needs `result`: what the caller gets");
        } else if table.result.is_some() && !has_result(word) {
            problems.add(format!("{path}.result"), "only what was done has a result");
        }
        return;
    };
    let Some(expected) = expected.map(without_nulls) else { return };
    let result = without_nulls(result);
    if result != expected {
        problems.add(format!("{path}.result"), differ(&expected, &result));
    }
}

fn has_result(outcome: ExampleOutcome) -> bool {
    matches!(outcome, ExampleOutcome::Succeeded | ExampleOutcome::Accepted)
}

/// Compares what was kept of an answer with what an example says of it, if it does.
pub(super) fn compare_kept(
    expected: Option<&toml::Value>,
    kept: &Map<String, Value>,
    path: &str,
    problems: &mut Problems,
) {
    let Some(expected) = expected else { return };
    let Some(expected) = problems.ok(path, read_json(expected)).map(without_nulls) else { return };
    let kept = without_nulls(kept.clone().into());
    if kept != expected {
        problems.add(path, differ(&expected, &kept));
    }
}
