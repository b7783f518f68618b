//! Tries the examples of an action: what comes of their inputs and of their answers must be what they say.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::rest::Rest;
use crate::action::{
    Known, Outcome, RenderedBody, RenderedRequest, amounts, kept, outcome, read_input, render,
};
use crate::answer_body::AnswerBody;
use crate::catalog::action::{Action, Body, Example, Reading, RequestTemplate};
use crate::catalog::convert::values::to_json;
use crate::catalog::file::{
    ExampleAnswerTable, ExampleOutcome, ExampleReadingTable, ExampleRequestTable, ExampleTable,
};
use crate::catalog::problems::Problems;
use crate::issue::Issue;

/// The run's id in examples.
const RUN: &str = "run_1";

/// Tries the examples of an action. What does not come out as it says is told at its place.
pub(super) fn examples(
    action: &Action,
    tables: Vec<ExampleTable>,
    path: &str,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Vec<Example> {
    let tried = tables.into_iter().enumerate().filter_map(|(index, table)| {
        let path = format!("{path}.examples.{index}");
        let (input, request) = Trial { action, rest, table: &table, path: &path }.run(problems)?;
        Some(Example { name: table.name, input, request })
    });
    tried.collect()
}

struct Trial<'a> {
    action: &'a Action,
    rest: &'a Rest<'a>,
    table: &'a ExampleTable,
    path: &'a str,
}

impl Trial<'_> {
    /// The caller's input and the request that comes of it. `None`: it could not be written.
    fn run(&self, problems: &mut Problems) -> Option<(Map<String, Value>, RenderedRequest)> {
        if self.table.name.trim().is_empty() {
            problems.add(self.at("name"), "must not be empty");
        }
        for (index, answer) in self.table.answers.iter().enumerate() {
            self.answer(answer, &self.at(&format!("answers.{index}")), problems);
        }
        if self.table.answers.is_empty() {
            problems.add(self.at("answers"), "an example needs at least one answer");
        }
        let settings = self.object("settings", &self.table.settings, problems)?;
        let wrong = self.rest.schema.map(|schema| schema.check(&settings)).unwrap_or_default();
        self.told(if wrong.is_empty() { Ok(()) } else { Err(wrong) }, problems)?;
        let given = self.object("input", &self.table.input, problems)?;
        let mut input = self.told(read_input(self.action, &given.clone().into(), &settings), problems)?;
        let nothing = Map::new();
        let evidence = self.readings("evidence", &input, &nothing, problems)?;
        let steps = self.readings("steps", &input, &evidence, problems)?;
        self.told(amounts(self.action, &mut input, &evidence, &steps), problems)?;
        let at = self.at("request");
        let request = self.render(&self.action.request, &at, &input, (&evidence, &steps), problems)?;
        compare(&self.table.request, &self.action.request, &request, &at, problems);
        Some((given, request))
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn told<T>(&self, read: Result<T, Vec<Issue>>, problems: &mut Problems) -> Option<T> {
        let issues = match read {
            Ok(read) => return Some(read),
            Err(issues) => issues,
        };
        issues.into_iter().for_each(|issue| problems.add(self.at(&issue.path), issue.message));
        None
    }

    fn object(&self, key: &str, table: &toml::Table, problems: &mut Problems) -> Option<Map<String, Value>> {
        match problems.ok(self.at(key), to_json(&toml::Value::Table(table.clone())))? {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// What is kept of the answers to the `evidence` or the `steps`.
    fn readings(
        &self,
        key: &str,
        input: &Map<String, Value>,
        evidence: &Map<String, Value>,
        problems: &mut Problems,
    ) -> Option<Map<String, Value>> {
        let (readings, tables): (&[Reading], &[ExampleReadingTable]) = match key {
            "evidence" => (&self.action.evidence, &self.table.evidence),
            _ => (&self.action.steps, &self.table.steps),
        };
        if readings.len() != tables.len() {
            let message = format!("needs an answer to each of the {} {key} of the action", readings.len());
            problems.add(self.at(key), message);
            return None;
        }
        let mut all = Map::new();
        for (index, (reading, table)) in readings.iter().zip(tables).enumerate() {
            let at = self.at(&format!("{key}.{index}"));
            let known = if key == "evidence" { (&all, evidence) } else { (evidence, &all) };
            let path = format!("{at}.request");
            let request = self.render(&reading.request, &path, input, known, problems)?;
            compare(&table.request, &reading.request, &request, &path, problems);
            let body = AnswerBody::new(None, table.answer.as_bytes()).json();
            let read = kept(reading, table.status, body.as_ref());
            all.extend(problems.ok(format!("{at}.answer"), read)?);
        }
        Some(all)
    }

    /// `kept` is what was kept of evidence and steps.
    fn render(
        &self,
        template: &RequestTemplate,
        path: &str,
        input: &Map<String, Value>,
        kept: (&Map<String, Value>, &Map<String, Value>),
        problems: &mut Problems,
    ) -> Option<RenderedRequest> {
        let stored =
            |name: &str| self.table.connection.get(name).or_else(|| self.rest.defaults.get(name)).cloned();
        let known = Known {
            inputs: &self.action.inputs,
            input,
            stored: &stored,
            evidence: kept.0,
            steps: kept.1,
            run: RUN,
        };
        problems.ok(path, render(template, &known))
    }

    /// Compares what an answer means with what the example says.
    fn answer(&self, table: &ExampleAnswerTable, path: &str, problems: &mut Problems) {
        let body = AnswerBody::new(None, table.body.as_bytes());
        let (word, result, error) = match outcome(self.action, self.rest.rate_limit, table.status, &body) {
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
        let expected =
            table.result.as_ref().map(|value| problems.ok(format!("{path}.result"), read_json(value)));
        let (Some(result), Some(expected)) = (result, expected) else {
            if table.result.is_none() && !self.action.result.keep.is_empty() && has_result(word) {
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
}

fn has_result(outcome: ExampleOutcome) -> bool {
    matches!(outcome, ExampleOutcome::Succeeded | ExampleOutcome::Accepted)
}

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
fn compare(
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
