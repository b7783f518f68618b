//! One delivery: its message, and the attempts to deliver it.

use integrations_core::{
    ids::DeliveryId,
    scope::RequiredScope,
    webhook::{DeliveryStatus, shown_url},
};
use maud::{Markup, html};

use super::{
    deliveries::{came, status_pill},
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, part},
    value,
};
use crate::{
    dashboard::flash::WebhookFlash,
    store::{AttemptRow, DeliveryDetails, WebhookRecord},
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct DeliveryPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The webhook.
    pub(crate) webhook: &'a WebhookRecord,
    /// The delivery's id.
    pub(crate) id: DeliveryId,
    /// The delivery, with its message and attempts.
    pub(crate) details: &'a DeliveryDetails,
    /// What was just done.
    pub(crate) flash: Option<WebhookFlash>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &DeliveryPage<'_>) -> Markup {
    let delivery = &page.details.delivery;
    let is_pending = delivery.status == DeliveryStatus::Pending.as_str();
    let content = html! {
        @if let Some(flash) = page.flash { (notice(Tone::Good, &html! { p { (flash.words()) } })) }
        div.head {
            div {
                p.eyebrow {
                    a href=(frame.addresses.webhook(page.project.id, page.webhook.id)) { (shown_url(&page.webhook.url)) }
                    " · "
                    a href=(frame.addresses.deliveries(page.project.id, page.webhook.id)) { "Deliveries" }
                }
                div.title-line { h1 { (delivery.kind) } (status_pill(&delivery.status)) }
                p.lead { code { (delivery.id) } }
            }
        }
        (part("facts", "Delivery", &html! {}, &facts(frame, page)))
        (part("message", "Message", &about_message(), &message(page)))
        (part("attempts", "Attempts", &about_attempts(), &attempts(frame, page)))
        @if frame.may(RequiredScope::WEBHOOKS_WRITE) && !is_pending {
            (part("again", "Send again", &about_again(), &html! {
                form method="post" action=(again(frame, page)) data-once {
                    (csrf(frame))
                    button type="submit" { "Send again" }
                }
            }))
        }
    };
    let above = layout::project_bar(frame, &page.project, Section::Webhook);
    layout::page(frame, "Delivery", &above, &content)
}

fn again(frame: &Frame<'_>, page: &DeliveryPage<'_>) -> String {
    format!("{}/redeliver", frame.addresses.delivery(page.project.id, page.webhook.id, page.id))
}

fn facts(frame: &Frame<'_>, page: &DeliveryPage<'_>) -> Markup {
    let delivery = &page.details.delivery;
    html! {
        dl.facts {
            div { dt { "Event" } dd { code { (delivery.event_id) } } }
            div { dt { "Happened" } dd { (moment(frame, delivery.created_at)) } }
            div { dt { "Attempts" } dd { (delivery.attempts) } }
            @if let Some(at) = delivery.next_attempt_at { div { dt { "Next attempt" } dd { (moment(frame, at)) } } }
        }
    }
}

fn about_message() -> Markup {
    html! {
        p { "The same bytes are sent in each attempt. They are shown here one member a line, and sent on one line." }
    }
}

fn message(page: &DeliveryPage<'_>) -> Markup {
    value::stored_json(&String::from_utf8_lossy(&page.details.body))
}

fn about_attempts() -> Markup {
    html! { p { "The start of what the receiver answered is kept, as text: 4 KiB at most." } }
}

fn attempts(frame: &Frame<'_>, page: &DeliveryPage<'_>) -> Markup {
    html! {
        @if page.details.attempts.is_empty() {
            p { "None yet." }
        } @else {
            ol.events { @for attempt in &page.details.attempts { (one(frame, attempt)) } }
        }
    }
}

fn one(frame: &Frame<'_>, attempt: &AttemptRow) -> Markup {
    html! {
        li.event {
            div.event-head {
                strong { "Attempt " (attempt.number) }
                span.soft { (moment(frame, attempt.at)) }
            }
            p.event-by {
                (came(attempt.status_code, attempt.error.as_deref())) ", after " (attempt.duration_ms) " ms"
            }
            @if !attempt.answer.is_empty() { div.value { (value::text(&attempt.answer)) } }
        }
    }
}

fn about_again() -> Markup {
    html! {
        p {
            "The same id and the same bytes, with the header " code { "X-RogerIQ-Redelivery: true" } ". A later event may "
            "have been delivered already: " code { "sequence" } " in the message tells."
        }
    }
}
