//! A webhook: where it is sent to and what it is told, how well that goes, and its change, test, rotation and deletion.

use integrations_core::{
    scope::RequiredScope,
    webhook::{Attempted, Outcome, WebhookStatus, shown_url},
};
use maud::{Markup, html};

use super::{
    field::{Field, Presence},
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, part, pill},
    provider_page::{Part, RefusedForm, refusal},
    value, webhook_form,
    webhooks::{events, last},
    words,
};
use crate::{
    dashboard::{
        flash::WebhookFlash,
        key_form::Overlap,
        shown,
        webhook_form::{Resumption, missed_since, written},
    },
    store::WebhookRecord,
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct WebhookPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The webhook.
    pub(crate) webhook: &'a WebhookRecord,
    /// How many messages wait, and whether there are more than that. `None`: it is not disabled.
    pub(crate) waiting: Option<(usize, bool)>,
    /// What was just done.
    pub(crate) flash: Option<WebhookFlash>,
    /// The form, if one was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
    /// What came of a test, if one was just made.
    pub(crate) tested: Option<&'a Attempted>,
}

impl WebhookPage<'_> {
    fn to(&self, frame: &Frame<'_>, action: &str) -> String {
        frame.addresses.to_webhook(self.project.id, self.webhook.id, action)
    }

    /// The refusal of this form, if its fields keep what was sent.
    fn refused_in(&self, part: Part) -> Option<&RefusedForm> {
        self.refused.filter(|refused| refused.part == part && !refused.is_outdated)
    }
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &WebhookPage<'_>) -> Markup {
    let (webhook, may_change) = (page.webhook, frame.may(RequiredScope::WEBHOOKS_WRITE));
    let (tone, status) = words::webhook_status(webhook.status);
    let content = html! {
        @if let Some(refused) = page.refused {
            (refusal(refused))
        } @else if let Some(flash) = page.flash {
            (notice(Tone::Good, &html! { p { (flash.words()) } }))
        }
        @if let Some(tested) = page.tested { (outcome(tested)) }
        div.head {
            div {
                p.eyebrow { a href=(frame.addresses.webhooks(page.project.id)) { "Webhooks" } }
                div.title-line { h1 { (shown_url(&webhook.url)) } (pill(tone, status)) }
                p.lead { code { (webhook.id) } }
            }
            a.button href=(frame.addresses.deliveries(page.project.id, webhook.id)) { "Deliveries" }
        }
        @if page.waiting.is_some() { (part("disabled", "Disabled", &about_disabled(), &disabled(frame, page))) }
        (part("facts", "Webhook", &html! {}, &facts(frame, webhook)))
        @if may_change {
            (part("change", "Change", &html! { p { "It holds for what happens from now on." } }, &change(frame, page)))
            (part("test", "Test", &about_test(), &button(frame, page, "test", "Send a test")))
            (part("rotation", "Secret", &about_rotation(), &rotation(frame, page)))
            (part("end", "Switch off or delete", &about_end(), &end(frame, page)))
        }
    };
    let title = shown_url(&webhook.url);
    layout::page(frame, &title, &layout::project_bar(frame, &page.project, Section::Webhook), &content)
}

fn outcome(tested: &Attempted) -> Markup {
    let (tone, came) = match tested.outcome {
        Outcome::Answered(status, _) if tested.outcome.is_success() => {
            (Tone::Good, format!("The test arrived: the receiver answered {status}"))
        }
        Outcome::Answered(status, _) => {
            (Tone::Warn, format!("The test was not accepted: the receiver answered {status}"))
        }
        Outcome::NoAnswer(why) => {
            (Tone::Warn, format!("The test did not arrive. {}", words::send_failure(why)))
        }
    };
    let answer = (!tested.answer.is_empty()).then_some(tested.answer.as_str());
    notice(
        tone,
        &html! {
            p { (came) ", after " (tested.took.as_millis()) " ms." }
            @if let Some(answer) = answer { div.value { (value::text(answer)) } }
        },
    )
}

fn facts(frame: &Frame<'_>, webhook: &WebhookRecord) -> Markup {
    html! {
        dl.facts {
            div { dt { "Address" } dd { code { (value::text(&webhook.url)) } } }
            div { dt { "Events" } dd { (events(webhook)) } }
            div { dt { "Use" } dd { (last(frame, webhook)) } }
            div {
                dt { "Failures" }
                dd {
                    @if webhook.failures == 0 { "None since the last success" }
                    @else { (webhook.failures) " given up since the last success" }
                    @if let Some(at) = webhook.failing_since { ", the first " (moment(frame, at)) }
                }
            }
            div { dt { "Made" } dd { (moment(frame, webhook.created_at)) } }
        }
    }
}

fn about_disabled() -> Markup {
    html! {
        p { "It is sent nothing. What happens meanwhile waits, in order." }
        p { "Ten messages in a row that are given up, over an hour at least, disable a webhook." }
    }
}

/// The banner of a disabled webhook, and the way out.
fn disabled(frame: &Frame<'_>, page: &WebhookPage<'_>) -> Markup {
    let (waiting, has_more) = page.waiting.unwrap_or_default();
    html! {
        p.meaning {
            @if let Some(at) = page.webhook.failing_since { "Nothing was delivered. The first failure was " (moment(frame, at)) ". " }
            @match (waiting, has_more) {
                (0, _) => "Nothing waits.",
                (1, false) => "One message waits.",
                (count, false) => { (count) " messages wait." },
                (count, true) => { "More than " (count) " messages wait." },
            }
        }
        @if frame.may(RequiredScope::WEBHOOKS_WRITE) {
            form method="post" action=(page.to(frame, "enable")) data-once {
                (csrf(frame))
                (resumption(page))
                div.actions.foot { button.primary type="submit" { "Switch on" } }
            }
        }
    }
}

fn resumption(page: &WebhookPage<'_>) -> Markup {
    let typed = page.refused_in(Part::Redelivery);
    let missed = missed_since(page.webhook);
    let field = |name, label, help| Field {
        name,
        label,
        help,
        problem: typed.and_then(|refused| refused.problem(name)),
        presence: Presence::Required,
    };
    let choices = Resumption::ALL.into_iter().filter(|one| missed.is_some() || *one != Resumption::SendAgain);
    let choices = choices.map(|one| (one.as_str(), resumption_words(one)));
    let value = |name: &str, otherwise: String| match typed {
        Some(refused) => refused.typed.get(name).unwrap_or_default().to_owned(),
        None => otherwise,
    };
    let since = "In UTC. A message is tried for up to 15 hours before it is given up, so this is that long before the \
                 first failure.";
    html! {
        (field("waiting", "What waits", None).choice(&value("waiting", Resumption::Send.to_string()), choices))
        @if let Some(missed) = missed {
            (field("since", "What was given up since", Some(since)).moment(&value("since", written(missed))))
        }
    }
}

const fn resumption_words(resumption: Resumption) -> &'static str {
    match resumption {
        Resumption::Send => "Send it, in order",
        Resumption::SendAgain => "Send what was given up since the time below, and then what waits",
        Resumption::Drop => "Drop it: it can still be sent again from the deliveries",
    }
}

fn change(frame: &Frame<'_>, page: &WebhookPage<'_>) -> Markup {
    html! {
        form method="post" action=(frame.addresses.webhook(page.project.id, page.webhook.id)) data-once {
            (csrf(frame))
            input type="hidden" name="shown" value=(shown::of_webhook(page.webhook));
            (webhook_form::fields(page.refused_in(Part::Webhook), Some(page.webhook)))
            div.actions.foot { button.primary type="submit" { "Save" } }
        }
    }
}

/// A form that is only a button.
fn button(frame: &Frame<'_>, page: &WebhookPage<'_>, action: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(page.to(frame, action)) data-once {
            (csrf(frame))
            button type="submit" { (label) }
        }
    }
}

fn about_test() -> Markup {
    html! {
        p {
            "The event " code { "webhook.test" } " is sent once, at once, also while the webhook is disabled. It counts "
            "neither as a success nor as a failure."
        }
    }
}

fn about_rotation() -> Markup {
    html! {
        p { "A new secret takes the place of the one that messages are signed with." }
        p { "If the secret leaked, let the old one stop at once. Otherwise give the receiver time to change." }
    }
}

fn rotation(frame: &Frame<'_>, page: &WebhookPage<'_>) -> Markup {
    let overlaps =
        Overlap::ALL.map(|overlap| (overlap.as_str(), words::overlap(overlap, "No time: it stops at once")));
    let field = Field {
        name: "overlap",
        label: "The old secret signs too for",
        help: None,
        problem: None,
        presence: Presence::Required,
    };
    html! {
        form method="post" action=(page.to(frame, "rotate")) data-once {
            (csrf(frame))
            (field.choice(Overlap::Nothing.as_str(), overlaps))
            div.actions.foot { button type="submit" { "Rotate the secret" } }
        }
    }
}

fn about_end() -> Markup {
    html! {
        p { "While it is off, what happens waits, and is sent when it is switched on." }
        p { "A deleted webhook is told nothing more, and what was sent to it is forgotten." }
    }
}

fn end(frame: &Frame<'_>, page: &WebhookPage<'_>) -> Markup {
    html! {
        div.actions {
            @if page.webhook.status == WebhookStatus::Active { (button(frame, page, "disable", "Switch off")) }
            a.button.danger href=(page.to(frame, "delete")) { "Delete…" }
        }
    }
}

/// The page that asks before it deletes.
pub(crate) fn ask(frame: &Frame<'_>, project: &Project<'_>, webhook: &WebhookRecord) -> Markup {
    let title = format!("Delete the webhook to {}?", shown_url(&webhook.url));
    let content = html! {
        div.narrow {
            div.card {
                h1 { (title) }
                p { code { (webhook.id) } " " (last(frame, webhook)) "." }
                ul.consequences {
                    li { "It is told nothing more." }
                    li { "What waits is not sent, and the list of its deliveries goes with it." }
                    li { "It cannot be brought back." }
                }
                form.actions.foot method="post"
                    action=(frame.addresses.to_webhook(project.id, webhook.id, "delete")) data-once {
                    (csrf(frame))
                    button.danger type="submit" { "Delete" }
                    a.button.quiet href=(frame.addresses.webhook(project.id, webhook.id)) { "Keep it" }
                }
            }
        }
    };
    layout::page(frame, &title, &layout::project_bar(frame, project, Section::Webhook), &content)
}
