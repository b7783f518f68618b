//! What the parts of the page share: text, code and tables.

use maud::{Markup, html};
use serde_json::Value;

/// The string, or nothing.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text in which `code` stands between backticks and **what matters** between asterisks.
pub(super) fn rich(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (strong(part)) }
        }
    }
}

fn strong(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split("**").enumerate() {
            @if index % 2 == 1 { strong { (part) } } @else { (part) }
        }
    }
}

/// Text whose paragraphs are parted by empty lines.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! { @for paragraph in text.split("\n\n").filter(|one| !one.is_empty()) { p { (rich(paragraph)) } } }
}

/// A path that breaks after its slashes only.
pub(super) fn path(path: &str) -> Markup {
    html! {
        code {
            @for (index, part) in path.split('/').enumerate() {
                @if index > 0 { "/" wbr; }
                (part)
            }
        }
    }
}

/// The method of an operation.
pub(super) fn verb(method: &str) -> Markup {
    html! { span.verb { (method.to_uppercase()) } }
}

/// A JSON value, laid out.
pub(super) fn block(example: &Value) -> Markup {
    let pretty = serde_json::to_string_pretty(example).unwrap_or_default();
    html! { pre tabindex="0" { code { (pretty) } } }
}

/// A table that scrolls by itself where the screen is narrow. The label tells it from the page's other tables.
pub(super) fn table(label: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(label) {
            table {
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}
