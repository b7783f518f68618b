//! The form for how a project's pages for customers present themselves.

use integrations_core::issue::Issue;
use serde_json::{Map, Value, json};

use crate::edge::form::Form;

/// What the names of its fields begin with, and the fields, as the API calls them.
const PREFIX: &str = "branding";
const FIELDS: [&str; 5] = ["name", "logo", "accent", "accent_dark", "support"];

/// The body that the form stands for, as the API would be sent it. What is left empty is the operator's.
pub(super) fn body(form: &Form) -> Vec<u8> {
    let typed = FIELDS.into_iter().filter_map(|field| {
        let text = form.trimmed(&format!("{PREFIX}.{field}"));
        (!text.is_empty()).then(|| (field.to_owned(), Value::from(text)))
    });
    let typed: Map<String, Value> = typed.collect();
    let branding = if typed.is_empty() { Value::Null } else { typed.into() };
    json!({ PREFIX: branding }).to_string().into_bytes()
}

/// Issues with the branding as a whole, whose messages begin with the field, as issues with that field.
pub(super) fn by_field(issues: Vec<Issue>) -> Vec<Issue> {
    let of_field = |issue: Issue| match issue.message.split_once(": ") {
        Some((field, message)) if issue.path == PREFIX && FIELDS.contains(&field) => {
            Issue::new(format!("{PREFIX}.{field}"), message)
        }
        _ => issue,
    };
    issues.into_iter().map(of_field).collect()
}
