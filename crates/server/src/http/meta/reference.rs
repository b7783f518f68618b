//! `GET /docs`: the specification as a page to read. Nothing of it comes from elsewhere.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

/// What a browser may load and run on the page: its own style sheet.
const POLICY: &str = "default-src 'none'; style-src 'sha256-STYLE'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let specification = serde_json::to_value(crate::openapi()).unwrap_or_default();
    page(&specification).into_string()
});

static SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    let hash = STANDARD.encode(Sha256::digest(STYLE));
    HeaderValue::from_str(&POLICY.replace("STYLE", &hash))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

const STYLE: &str = include_str!("reference.css");

/// The reference
///
/// Every route with its parameters, bodies and errors, as a page for people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getReference",
    tag = "Server",
    security(()),
    responses((status = 200, description = "The page", body = String, content_type = "text/html",
               example = json!("<!DOCTYPE html>…"))),
)]
pub(super) async fn reference() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, SECURITY_POLICY.clone()),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, PAGE.as_str()).into_response()
}

fn page(specification: &Value) -> Markup {
    let operations = operations(specification);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (text(&specification["info"]["title"])) " reference" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (text(&specification["info"]["title"])) }
                    @for paragraph in text(&specification["info"]["description"]).split("\n\n") { p { (rich(paragraph)) } }
                    p { "The same as a file for programs: " a href="/api/v1/openapi.json" { "openapi.json" } "." }
                    nav aria-label="Operations" {
                        ul {
                            @for (path, method, operation) in &operations {
                                li { a href={ "#" (text(&operation["operationId"])) } { (verb(method)) " " code { (path) } } }
                            }
                        }
                    }
                }
                main { @for (path, method, operation) in &operations { (section(path, method, operation)) } }
            }
        }
    }
}

fn operations(specification: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = specification["paths"].as_object().into_iter().flatten();
    let mut operations: Vec<_> = paths
        .flat_map(|(path, item)| {
            item.as_object()
                .into_iter()
                .flatten()
                .map(|(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .filter(|(_, _, operation)| operation["operationId"].is_string())
        .collect();
    operations.sort_by_key(|(_, _, operation)| text(&operation["tags"][0]) == "Server");
    operations
}

fn section(path: &str, method: &str, operation: &Value) -> Markup {
    let scope = text(&operation["security"][0]["api_key"][0]);
    html! {
        section id=(text(&operation["operationId"])) {
            h2 { (text(&operation["summary"])) }
            p.route { (verb(method)) " " code { (path) } }
            @for paragraph in text(&operation["description"]).split("\n\n") { p { (rich(paragraph)) } }
            p { @if scope.is_empty() { "No key is needed." } @else { "Scope: " code { (scope) } } }
            @if let Some(parameters) = operation["parameters"].as_array() { (parameter_table(parameters)) }
            @let request = &operation["requestBody"]["content"]["application/json"]["example"];
            @if !request.is_null() { h3 { "Body" } (block(request)) }
            h3 { "Answers" }
            dl {
                @for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                    dt { (status) }
                    dd { (answer(response)) }
                }
            }
        }
    }
}

fn parameter_table(parameters: &[Value]) -> Markup {
    html! {
        h3 { "Parameters" }
        div.scroll tabindex="0" role="region" aria-label="Parameters" {
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "In" } th scope="col" { "Meaning" } } }
                tbody {
                    @for parameter in parameters {
                        tr {
                            td { code { (text(&parameter["name"])) } @if parameter["required"] == true { " (required)" } }
                            td { (text(&parameter["in"])) }
                            td { (rich(text(&parameter["description"]))) }
                        }
                    }
                }
            }
        }
    }
}

fn answer(response: &Value) -> Markup {
    let json = &response["content"]["application/json"];
    html! {
        @for line in text(&response["description"]).split("\n\n") { p { (rich(line)) } }
        @if !json["example"].is_null() { (block(&json["example"])) }
    }
}

fn block(example: &Value) -> Markup {
    let pretty = serde_json::to_string_pretty(example).unwrap_or_default();
    html! { pre tabindex="0" { code { (pretty) } } }
}

fn verb(method: &str) -> Markup {
    html! { span.verb { (method.to_uppercase()) } }
}

/// Text in which `code` stands between backticks.
fn rich(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part.replace("**", "")) }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
