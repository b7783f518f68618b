//! One operation: its route, parameters, body, answer and errors.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    curl, errors,
    fields::{data, field_table, is_list},
    parts::{block, paragraphs, path, rich, table, text, verb},
};

/// An operation of the specification.
pub(super) struct Operation<'a> {
    /// Its path, with names in braces.
    pub(super) path: &'a str,
    /// Its method, in small letters.
    pub(super) method: &'a str,
    /// What the specification tells of it.
    pub(super) value: &'a Value,
}

impl<'a> Operation<'a> {
    /// Its name for programs.
    pub(super) fn id(&self) -> &'a str {
        text(&self.value["operationId"])
    }

    /// Its name for people.
    pub(super) fn summary(&self) -> &'a str {
        text(&self.value["summary"])
    }

    /// The scope that its key must have; nothing where no key is needed.
    pub(super) fn scope(&self) -> &'a str {
        text(&self.value["security"][0]["api_key"][0])
    }

    /// Its parameters.
    pub(super) fn parameters(&self) -> &'a [Value] {
        self.value["parameters"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Its JSON body, with schema and example.
    pub(super) fn body(&self) -> &'a Value {
        &self.value["requestBody"]["content"]["application/json"]
    }
}

/// Every operation, in the order of the paths.
pub(super) fn all(specification: &Value) -> Vec<Operation<'_>> {
    let paths = specification["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, value)| Operation { path, method, value })
    });
    operations.filter(|operation| operation.value["operationId"].is_string()).collect()
}

/// Draws the operation.
pub(super) fn section(specification: &Value, operation: &Operation<'_>) -> Markup {
    let scope = operation.scope();
    let title = format!("{}-title", operation.id());
    html! {
        section id=(operation.id()) aria-labelledby=(title) {
            h3 id=(title) { (operation.summary()) }
            p.route { (verb(operation.method)) (path(operation.path)) }
            (paragraphs(text(&operation.value["description"])))
            p { @if scope.is_empty() { "No key is needed." } @else { "Scope: " code { (scope) } } }
            pre.curl { code { (curl::line(operation)) } }
            @if !operation.parameters().is_empty() { (parameters(operation)) }
            (request(specification, operation))
            (answers(specification, operation))
            @if let Some(errors) = errors::of_operation(operation) { h4 { "Errors" } (errors) }
        }
    }
}

fn parameters(operation: &Operation<'_>) -> Markup {
    let rows = html! {
        @for parameter in operation.parameters() {
            tr {
                td { code { (text(&parameter["name"])) } }
                td { (text(&parameter["in"])) }
                td { @if parameter["required"] == true { "required" } @else { "optional" } }
                td { (rich(text(&parameter["description"]))) }
            }
        }
    };
    let label = format!("Parameters: {}", operation.summary());
    html! { h4 { "Parameters" } (table(&label, &["Name", "In", "Presence", "Meaning"], &rows)) }
}

fn request(specification: &Value, operation: &Operation<'_>) -> Markup {
    let body = operation.body();
    let label = format!("Fields of the body: {}", operation.summary());
    html! {
        @if !body.is_null() {
            h4 { "Body" }
            @if let Some(fields) = field_table(specification, &label, &body["schema"]) { (fields) }
            @if !body["example"].is_null() { (block(&body["example"])) }
        }
    }
}

fn answers(specification: &Value, operation: &Operation<'_>) -> Markup {
    let responses = operation.value["responses"].as_object().into_iter().flatten();
    html! {
        @for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            h4 { "Answer " (status) }
            (paragraphs(text(&response["description"])))
            @for (name, header) in response["headers"].as_object().into_iter().flatten() {
                p { "Header " code { (name) } ": " (rich(text(&header["description"]))) }
            }
            (answer(specification, operation, &response["content"]["application/json"]))
        }
    }
}

fn answer(specification: &Value, operation: &Operation<'_>, json: &Value) -> Markup {
    let data = data(specification, &json["schema"]);
    let label = format!("Fields of data: {}", operation.summary());
    html! {
        @if let Some(fields) = field_table(specification, &label, data) {
            details open {
                summary { "Fields of " @if is_list(data) { "each element of " } code { "data" } }
                (fields)
            }
        }
        @if !json["example"].is_null() { (block(&json["example"])) }
    }
}
