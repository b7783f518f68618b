//! The page as a whole: introduction, navigation, operations and errors.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::{
    errors,
    operation::{self, Operation},
    parts::{paragraphs, path, rich, text, verb},
};

/// The page's style sheet.
pub(super) const STYLE: &str = include_str!("reference.css");

/// Draws the specification.
pub(super) fn page(specification: &Value) -> Markup {
    let groups = groups(specification);
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
                a.skip href="#reference" { "Skip to the operations" }
                (introduction(specification))
                (navigation(&groups))
                main id="reference" tabindex="-1" {
                    @for group in &groups { (group_section(specification, group)) }
                    (errors::shared(specification))
                }
            }
        }
    }
}

/// The operations under one tag.
struct Group<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<Operation<'a>>,
}

fn groups(specification: &Value) -> Vec<Group<'_>> {
    let operations = operation::all(specification);
    let tags = specification["tags"].as_array().into_iter().flatten();
    let mut groups: Vec<Group<'_>> = tags
        .map(|tag| Group {
            name: text(&tag["name"]),
            description: text(&tag["description"]),
            operations: Vec::new(),
        })
        .collect();
    for operation in operations {
        let tag = text(&operation.value["tags"][0]);
        match groups.iter_mut().find(|group| group.name == tag) {
            Some(group) => group.operations.push(operation),
            None => groups.push(Group { name: tag, description: "", operations: vec![operation] }),
        }
    }
    groups
}

fn introduction(specification: &Value) -> Markup {
    html! {
        header {
            h1 { (text(&specification["info"]["title"])) }
            (paragraphs(text(&specification["info"]["description"]).trim()))
            p {
                (rich("The `curl` lines take three variables from the shell: `RIQ_API_BASE`, the server's address \
                       with `/api/v1` at its end, `RIQ_PROJECT_ID` and `RIQ_API_KEY`."))
            }
            p { "The same as a file for programs: " a href="/api/v1/openapi.json" { "openapi.json" } "." }
        }
    }
}

fn navigation(groups: &[Group<'_>]) -> Markup {
    html! {
        nav aria-label="Operations" {
            ul {
                @for operation in groups.iter().flat_map(|group| &group.operations) {
                    li {
                        (verb(operation.method))
                        a href={ "#" (operation.id()) } { (path(operation.path)) }
                        span.summary { (operation.summary()) }
                    }
                }
                li { span.verb {} a href="#errors" { "Errors" } span.summary { "The envelope and the codes" } }
            }
        }
    }
}

fn group_section(specification: &Value, group: &Group<'_>) -> Markup {
    html! {
        h2 { (group.name) }
        @if !group.description.is_empty() { p { (rich(group.description)) "." } }
        @for operation in &group.operations { (operation::section(specification, operation)) }
    }
}

#[cfg(test)]
mod tests {
    use integrations_core::error::ErrorCode;
    use serde_json::json;

    use super::*;

    fn specification() -> Value {
        serde_json::to_value(crate::openapi()).unwrap()
    }

    #[test]
    fn every_operation_is_on_the_page_and_in_its_navigation() {
        let specification = specification();
        let page = page(&specification).into_string();
        let operations = operation::all(&specification);
        assert!(!operations.is_empty());
        for operation in operations {
            let id = operation.id();
            assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
            assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
            assert!(page.matches(&html! { (operation.summary()) }.into_string()).count() >= 2, "{id}");
        }
    }

    #[test]
    fn every_error_code_is_on_the_page() {
        let page = page(&specification()).into_string();
        let shared = page.split("id=\"errors\"").nth(1).expect("a section of errors");
        for code in ErrorCode::ALL {
            assert!(shared.contains(&format!("<code>{}</code>", code.as_str())), "{code:?}");
        }
    }

    #[test]
    fn headings_leave_no_level_out() {
        let page = page(&specification()).into_string();
        let levels = page.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
        let levels: Vec<u32> = levels.collect();
        assert_eq!(levels.first(), Some(&1));
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    }

    #[test]
    fn text_of_the_specification_is_escaped() {
        let evil = "\"'><script>alert(1)</script>";
        let schema = json!({
            "type": "object", "required": [evil],
            "properties": {evil: {"type": "string", "description": evil, "enum": [evil], "format": evil}}
        });
        let content = json!({"application/json": {"schema": schema, "example": {evil: evil}}, evil: {"schema": schema}});
        let error =
            json!({"application/json": {"examples": {evil: {"summary": evil, "value": {evil: evil}}}}});
        let specification = json!({
            "info": {"title": evil, "description": evil},
            "tags": [{"name": evil, "description": evil}],
            "paths": {format!("/{evil}/{{{evil}}}"): {"post": {
                "operationId": evil, "summary": evil, "description": evil, "tags": [evil],
                "security": [{"api_key": [evil]}],
                "parameters": [{"name": evil, "in": "path", "description": evil, "example": evil}],
                "requestBody": {"content": content},
                "responses": {
                    "200": {"description": evil, "headers": {evil: {"description": evil}}, "content": content},
                    evil: {"description": evil, "headers": {evil: {}}, "content": error}
                }
            }}},
            "components": {"schemas": {"ErrorCode": {"enum": [evil]}, "Error": schema}}
        });
        let page = page(&specification).into_string();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;"));
    }
}
