//! The fields of a webhook: where it is sent to, and what it is told.

use integrations_core::webhook::EventType;
use maud::{Markup, html};

use super::{
    field::{Field, Presence, Text, group},
    provider_page::RefusedForm,
    words,
};
use crate::{
    dashboard::webhook_form::{EVENT, offered},
    store::WebhookRecord,
};

/// The longest address that a browser lets a person type.
const LONGEST: u64 = 2_048;

/// The fields. They hold what was typed, or else what is stored.
pub(super) fn fields(typed: Option<&RefusedForm>, stored: Option<&WebhookRecord>) -> Markup {
    let problem = |field: &str| typed.and_then(|refused| refused.problem(field));
    let url = match typed {
        Some(refused) => refused.typed.get("url").unwrap_or_default(),
        None => stored.map_or("", |webhook| webhook.url.as_str()),
    };
    let field = Field {
        name: "url",
        label: "Address",
        help: Some("It begins with https://. http:// is for the machine of this server alone."),
        problem: problem("url"),
        presence: Presence::Required,
    };
    let is_ticked = |pattern: &str| match typed {
        Some(refused) => refused.typed.is_ticked(&format!("{EVENT}{pattern}")),
        None => stored.is_some_and(|webhook| webhook.events.iter().any(|held| held == pattern)),
    };
    // A pattern that the form does not offer is shown, so that it is not taken away unseen.
    let others = stored.into_iter().flat_map(|webhook| &webhook.events).map(String::as_str);
    let others = others.filter(|held| offered().all(|pattern| pattern != *held));
    let tick = |pattern: &str| {
        let name = format!("{EVENT}{pattern}");
        let box_of_it = Field {
            name: &name,
            label: pattern,
            help: help(pattern),
            problem: None,
            presence: Presence::Free,
        };
        box_of_it.tick(is_ticked(pattern), &html! {})
    };
    let boxes = html! {
        @for pattern in offered() { (tick(pattern)) }
        @for pattern in others { (tick(pattern)) }
    };
    html! {
        (field.text(&Text {
            value: url,
            example: Some("https://app.example/hooks"),
            longest: Some(LONGEST),
            ..Text::default()
        }))
        (group("events", "It is told", problem("events"), &boxes))
    }
}

fn help(pattern: &str) -> Option<&'static str> {
    match pattern {
        "*" => Some("Everything, later kinds of events too"),
        "integration.*" => Some("Everything about integrations"),
        "approval.*" => Some("Everything about approvals"),
        name => name.parse::<EventType>().ok().map(words::event_type),
    }
}
