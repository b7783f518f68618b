//! The form with which a reading action is tried.

use integrations_core::{
    catalog::{
        ProviderAccount,
        action::{Action, ActionInput, Default as InputDefault, Shape},
    },
    issue::Issue,
};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    field::{Field, Number, Presence, Text},
    frame::Frame,
    layout::{self, Project, Section},
    parts::{Tone, csrf, emblem, notice},
    provider_page::RefusedForm,
};
use crate::{
    dashboard::action_form::{self, Control},
    edge::form::Form,
};

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrialPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The account that is called.
    pub(crate) account: &'a ProviderAccount,
    /// The action.
    pub(crate) action: &'a Action,
    /// Why no call can succeed now, if none can.
    pub(crate) not_callable_reason: Option<&'a str>,
    /// The form, if it was sent and refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &TrialPage<'_>) -> Markup {
    let (account, action) = (page.account, page.action);
    let address = frame.addresses.action(page.project.id, account.as_str(), &action.key);
    let provider = frame.addresses.provider(page.project.id, account.as_str());
    let content = html! {
        @if let Some(refused) = page.refused { (refusal(action, refused)) }
        div.head.with-mark {
            (emblem(frame, &account.provider))
            div {
                p.eyebrow { a href=(provider) { (account.label()) } }
                h1 { "Try: " (action.label) }
                p.lead { (action.description) " It only reads, and becomes a run like every call." }
            }
        }
        @if let Some(reason) = page.not_callable_reason {
            (notice(Tone::Warn, &html! { p { strong { "It cannot be called now. " } (reason) "." } }))
        } @else {
            div.card.trial {
                form method="post" action=(address) data-once {
                    (csrf(frame))
                    (inputs(action, page.refused.map(Filled::from)))
                    div.actions.foot { button.primary type="submit" { "Try it" } }
                }
            }
        }
    };
    let title = format!("Try: {}", action.label);
    layout::page(frame, &title, &layout::project_bar(frame, &page.project, Section::Integration), &content)
}

/// A form that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled<'a> {
    /// What was typed.
    pub(super) typed: &'a Form,
    /// What was refused of it, if anything was.
    pub(super) refused: Option<&'a RefusedForm>,
}

impl<'a> From<&'a RefusedForm> for Filled<'a> {
    fn from(refused: &'a RefusedForm) -> Self {
        Self { typed: &refused.typed, refused: Some(refused) }
    }
}

/// The controls of an action's inputs.
pub(super) fn inputs(action: &Action, filled: Option<Filled<'_>>) -> Markup {
    html! {
        @for input in &action.inputs { (control(input, filled)) }
        @if action.inputs.is_empty() { p { "It takes no input." } }
    }
}

/// What was refused. What is wrong with a field stands beside it.
pub(super) fn refusal(action: &Action, refused: &RefusedForm) -> Markup {
    let has_no_field = |issue: &&Issue| {
        let fields = action.inputs.iter().map(action_form::field);
        !fields.into_iter().any(|field| issue.path == field || issue.path.starts_with(&format!("{field}.")))
    };
    let others: Vec<&Issue> = refused.issues.iter().filter(has_no_field).collect();
    notice(
        Tone::Bad,
        &html! {
            p { strong { (refused.title) } }
            p { (refused.advice) }
            @if !others.is_empty() { ul { @for issue in others { li { (issue) } } } }
        },
    )
}

fn control(input: &ActionInput, filled: Option<Filled<'_>>) -> Markup {
    let name = action_form::field(input);
    let control = action_form::control(input);
    let help = help(input, control);
    let field = Field {
        name: &name,
        label: &input.key,
        help: Some(&help),
        problem: filled.and_then(|filled| filled.refused?.problem(&name)),
        presence: Presence::marked(input.required),
    };
    let typed = filled.and_then(|filled| filled.typed.get(&name)).unwrap_or_default();
    let default = match &input.default {
        Some(InputDefault::Value(Value::String(text))) => Some(text.clone()),
        Some(InputDefault::Value(value)) => Some(value.to_string()),
        _ => None,
    };
    match control {
        Control::Secret => field.secret(),
        Control::Text => field.text(&Text { value: typed, example: default.as_deref(), ..Text::default() }),
        Control::Choice => {
            let Shape::Text(shape) = &input.shape else { return html! {} };
            let unset =
                default.map_or_else(|| "Not given".to_owned(), |default| format!("Default: {default}"));
            let options = shape.options.iter().map(|option| (option.as_str(), option.as_str()));
            field.choice(typed, [("", unset.as_str())].into_iter().chain(options))
        }
        Control::Box => {
            let first = action_form::is_ticked_first(input);
            let is_ticked = filled.map_or(first, |filled| filled.typed.is_ticked(&name));
            field.tick(is_ticked, &html! {})
        }
        Control::Integer => {
            let (least, most) = bounds(input);
            field.number(&Number {
                value: typed,
                example: default.as_deref(),
                least: least.as_deref(),
                most: most.as_deref(),
                is_whole: true,
            })
        }
        Control::Paragraph | Control::Lines | Control::Json => field.lines(typed, 4),
    }
}

fn help(input: &ActionInput, control: Control) -> String {
    let how = match (control, &input.shape) {
        (Control::Lines, _) => " One per line.",
        (Control::Json, _) => " As JSON.",
        (_, Shape::Money { .. }) => " In the currency's smallest unit.",
        _ => "",
    };
    format!("{}{how}", input.description)
}

/// The bounds of a number, if a browser can hold it to them.
fn bounds(input: &ActionInput) -> (Option<String>, Option<String>) {
    match input.shape {
        Shape::Integer { minimum, maximum } => {
            let stated = |bound: i64, none: i64| (bound != none).then(|| bound.to_string());
            (stated(minimum, i64::MIN), stated(maximum, i64::MAX))
        }
        _ => (Some("1".to_owned()), None),
    }
}
