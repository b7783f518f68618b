//! An operation as one line for a shell.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{operation::Operation, parts::text};

/// What stands in a path or a query as it is. Nothing of the rest can leave the line's double quotes.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The line that makes the request with the examples of the specification.
pub(super) fn line(operation: &Operation<'_>) -> String {
    let mut line = "curl ".to_owned();
    if operation.method != "get" {
        line.push_str(&format!("-X {} ", operation.method.to_uppercase()));
    }
    line.push_str(&format!("\"{}{}\"", address(operation), query(operation)));
    if !operation.scope().is_empty() {
        line.push_str(" -H \"X-API-Key: $RIQ_API_KEY\"");
    }
    let example = &operation.body()["example"];
    if !example.is_null() {
        let body = example.to_string().replace('\'', r"'\''");
        line.push_str(&format!(" -H 'Content-Type: application/json' -d '{body}'"));
    }
    line
}

fn address(operation: &Operation<'_>) -> String {
    let (base, path) = match operation.path.strip_prefix("/api/v1") {
        Some(path) => ("$RIQ_API_BASE", path),
        None => ("${RIQ_API_BASE%/api/v1}", operation.path),
    };
    let parts: Vec<String> = path.split('/').map(|part| segment(operation, part)).collect();
    format!("{base}{}", parts.join("/"))
}

fn segment(operation: &Operation<'_>, part: &str) -> String {
    match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some("projectId") => "$RIQ_PROJECT_ID".to_owned(),
        Some(name) => {
            let parameter = operation.parameters().iter().find(|one| text(&one["name"]) == name);
            plain(parameter.map_or(name, |one| text(&one["example"])))
        }
        None => plain(part),
    }
}

fn query(operation: &Operation<'_>) -> String {
    let filters = operation.parameters().iter().filter(|one| one["in"] == "query");
    let pairs: Vec<String> = filters.filter_map(pair).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn pair(parameter: &Value) -> Option<String> {
    let example = parameter["example"].as_str()?;
    Some(format!("{}={}", plain(text(&parameter["name"])), plain(example)))
}

fn plain(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_one_line_with_key_and_body() {
        let value = json!({
            "security": [{"api_key": ["integrations:write"]}],
            "parameters": [
                {"name": "projectId", "in": "path", "example": "prj_1"},
                {"name": "provider", "in": "path", "example": "shopify"}
            ],
            "requestBody": {"content": {"application/json": {"example": {"display_name": "Acme's"}}}}
        });
        let path = "/api/v1/projects/{projectId}/integrations/{provider}/lifecycle";
        let operation = Operation { path, method: "patch", value: &value };
        assert_eq!(
            line(&operation),
            r#"curl -X PATCH "$RIQ_API_BASE/projects/$RIQ_PROJECT_ID/integrations/shopify/lifecycle" "#
                .to_owned()
                + r#"-H "X-API-Key: $RIQ_API_KEY" -H 'Content-Type: application/json' "#
                + r#"-d '{"display_name":"Acme'\''s"}'"#
        );
    }

    #[test]
    fn filters_are_encoded_and_addresses_outside_the_api_start_at_the_server() {
        let value = json!({"parameters": [{"name": "q", "in": "query", "example": "a \"$(b)"}]});
        let operation = Operation { path: "/healthz", method: "get", value: &value };
        assert_eq!(line(&operation), r#"curl "${RIQ_API_BASE%/api/v1}/healthz?q=a%20%22%24%28b%29""#);
    }
}
