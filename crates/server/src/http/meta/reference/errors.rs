//! How operations fail: each one's own errors, and what all errors share.

use integrations_core::error::ErrorCode;
use maud::{Markup, html};
use serde_json::Value;

use super::{
    fields::field_table,
    operation::{self, Operation},
    parts::{block, rich, table, text},
};

/// The errors of one operation.
pub(super) fn of_operation(operation: &Operation<'_>) -> Option<Markup> {
    let mut rows = failures(operation).peekable();
    rows.peek()?;
    let rows = html! {
        @for failure in rows {
            tr {
                td { (failure.status) }
                td { code { (failure.code) } }
                td {
                    (rich(text(&failure.example["summary"])))
                    @for (name, _) in failure.response["headers"].as_object().into_iter().flatten() {
                        " (with " code { (name) } ")"
                    }
                }
            }
        }
    };
    let label = format!("Errors: {}", operation.summary());
    Some(table(&label, &["Status", "Code", "Meaning"], &rows))
}

/// The section on what all errors share.
pub(super) fn shared(specification: &Value) -> Markup {
    let schemas = &specification["components"]["schemas"];
    let example = with_issues(specification);
    html! {
        h2 id="errors" { "Errors" }
        p { (rich("Every error has the same form. Branch on `code`; `error` is for people and may change.")) }
        h3 { "Envelope" }
        @if let Some(fields) = field_table(specification, "Fields of an error", &schemas["Error"]) { (fields) }
        @if let Some(example) = example { (block(example)) }
        h3 { "Codes" }
        @if let Some(description) = schemas["ErrorCode"]["description"].as_str() { p { (rich(description)) } }
        (code_table(specification))
    }
}

struct Failure<'a> {
    status: &'a str,
    code: &'a str,
    response: &'a Value,
    example: &'a Value,
}

fn failures<'a>(operation: &Operation<'a>) -> impl Iterator<Item = Failure<'a>> {
    let responses = operation.value["responses"].as_object().into_iter().flatten();
    responses.filter(|(status, _)| !status.starts_with('2')).flat_map(|(status, response)| {
        let examples = response["content"]["application/json"]["examples"].as_object();
        examples.into_iter().flatten().map(move |(code, example)| Failure { status, code, response, example })
    })
}

/// An example that shows issues.
fn with_issues(specification: &Value) -> Option<&Value> {
    let operations = operation::all(specification);
    let mut values = operations.iter().flat_map(failures).map(|failure| &failure.example["value"]);
    values.find(|value| value["issues"].is_array())
}

fn code_table(specification: &Value) -> Markup {
    let operations = operation::all(specification);
    let codes = specification["components"]["schemas"]["ErrorCode"]["enum"].as_array().into_iter().flatten();
    let rows = html! {
        @for code in codes.map(text) {
            @let known = ErrorCode::ALL.into_iter().find(|one| one.as_str() == code);
            @let failure = operations.iter().flat_map(failures).find(|failure| failure.code == code);
            tr {
                td { @if let Some(known) = known { (known.status()) } }
                td { code { (code) } }
                td {
                    @match (failure, known) {
                        (Some(failure), _) => (rich(text(&failure.example["summary"]))),
                        (None, Some(known)) => (elsewhere(known)),
                        (None, None) => {}
                    }
                }
            }
        }
    };
    table("Error codes", &["Status", "Code", "Meaning"], &rows)
}

/// What the codes mean that belong to no one operation.
fn elsewhere(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::ApiKeyOrgMismatch => "The API key belongs to another organization",
        ErrorCode::ResourceNotFound => "There is nothing at this address",
        ErrorCode::MethodNotAllowed => "The route does not have this method; Allow names those that it has",
        ErrorCode::HeadersTooLarge => "The request's head is larger than the server reads",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_and_a_meaning() {
        let specification = serde_json::to_value(crate::openapi()).unwrap();
        let table = code_table(&specification).into_string();
        assert_eq!(table.matches("<tr>").count(), ErrorCode::ALL.len() + 1);
        assert!(!table.contains("<td></td>"), "{table}");
    }

    #[test]
    fn each_operations_errors_are_in_its_table() {
        let specification = serde_json::to_value(crate::openapi()).unwrap();
        for operation in operation::all(&specification) {
            let table = of_operation(&operation).map(Markup::into_string).unwrap_or_default();
            for failure in failures(&operation) {
                assert!(table.contains(&format!("<code>{}</code>", failure.code)), "{}", failure.code);
            }
        }
        assert!(with_issues(&specification).is_some());
    }
}
