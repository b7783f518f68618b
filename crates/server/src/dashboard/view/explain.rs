//! What would be decided of a call, and the form that asks.

use integrations_core::{
    action::{Check, Decided},
    catalog::{ProviderAccount, action::Action},
};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    parts::{Tone, csrf, emblem, notice, pill},
    provider_page::RefusedForm,
    trial::{self, Filled},
    value,
};
use crate::{edge::form::Form, services::actions::Explanation};

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExplainPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The account that would be called.
    pub(crate) account: &'a ProviderAccount,
    /// The action.
    pub(crate) action: &'a Action,
    /// What came of the form.
    pub(crate) sent: Sent<'a>,
}

/// What came of the form.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sent<'a> {
    /// It was not sent yet.
    Nothing,
    /// It was refused.
    Refused(&'a RefusedForm),
    /// It was answered.
    Explained(&'a Explanation, &'a Form),
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &ExplainPage<'_>) -> Markup {
    let (account, action) = (page.account, page.action);
    let address = frame.addresses.explanation(page.project.id, account.as_str(), &action.key);
    let provider = frame.addresses.provider(page.project.id, account.as_str());
    let filled = match page.sent {
        Sent::Nothing => None,
        Sent::Refused(refused) => Some(Filled::from(refused)),
        Sent::Explained(_, typed) => Some(Filled { typed, refused: None }),
    };
    let content = html! {
        @match page.sent {
            Sent::Nothing => {}
            Sent::Refused(refused) => (trial::refusal(action, refused)),
            Sent::Explained(explanation, _) => (decision(explanation)),
        }
        div.head.with-mark {
            (emblem(frame, &account.provider))
            div {
                p.eyebrow { a href=(provider) { (account.label()) } }
                h1 { "What would be decided? " (action.label) }
                p.lead {
                    "Says what would be decided if you called it now, and why. Nothing is sent that changes anything, "
                    "nothing is stored, and nobody is asked."
                }
            }
        }
        @if let Sent::Explained(explanation, _) = page.sent { (looked_at(account, explanation)) }
        div.card.trial {
            form method="post" action=(address) data-once {
                (csrf(frame))
                (trial::inputs(action, filled))
                div.actions.foot { button.primary type="submit" { "What would be decided?" } }
            }
        }
    };
    let title = format!("What would be decided? {}", action.label);
    layout::page(frame, &title, &layout::project_bar(frame, &page.project, Section::Integration), &content)
}

fn decision(explanation: &Explanation) -> Markup {
    let (tone, words) = match explanation.decided {
        Decided::Allow => (Tone::Good, "It would be sent."),
        Decided::Ask => (Tone::Warn, "A person would be asked, and nothing sent before."),
        Decided::Deny => (Tone::Warn, "It would be denied, and nothing sent."),
    };
    notice(
        tone,
        &html! {
            p { strong { (words) } }
            @if !explanation.reasons.is_empty() {
                ul { @for reason in &explanation.reasons { li { (value::text(reason)) } } }
            }
        },
    )
}

fn looked_at(account: &ProviderAccount, explanation: &Explanation) -> Markup {
    html! {
        div.card {
            h2 { "What the decision looks at" }
            ul.changes { @for one in &explanation.checks { li { (check(one)) } } }
            h2 { "The call" }
            (value::json(&Value::Object(explanation.input.clone())))
            @if !explanation.was_asked {
                p.help {
                    (account.provider.name) " was not asked, because the call is denied before. What depends on its "
                    "answer is not known."
                }
            } @else if !explanation.evidence.is_empty() {
                h2 { "What " (account.provider.name) " said" }
                (value::json(&Value::Object(explanation.evidence.clone())))
            }
        }
    }
}

fn check(check: &Check) -> Markup {
    let pill = match check.decided {
        Some(Decided::Allow) => pill(Tone::Good, "Passes"),
        Some(Decided::Ask) => pill(Tone::Warn, "Asks"),
        Some(Decided::Deny) => pill(Tone::Bad, "Denies"),
        None => pill(Tone::Calm, "Not known"),
    };
    let seen = [
        ("It is", &check.value),
        ("the limit is", &check.limit),
        ("earlier calls have used or reserved", &check.used),
    ];
    let seen: Vec<String> =
        seen.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
    html! {
        (pill) " " (value::text(&check.rule)) "."
        @if !seen.is_empty() { " " (value::text(&seen.join("; "))) "." }
        @if let Some(why) = &check.why { " " strong { (value::text(why)) "." } }
    }
}
