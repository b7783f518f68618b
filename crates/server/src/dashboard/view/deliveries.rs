//! What was sent to a webhook and what waits to be, as a list.

use integrations_core::{
    ids::DeliveryId,
    scope::RequiredScope,
    webhook::{DeliveryStatus, SendFailure, shown_url},
};
use maud::{Markup, html};

use super::{
    field::{Field, Presence},
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, part, pill},
    provider_page::{RefusedForm, refusal},
    words,
};
use crate::{
    dashboard::{
        flash::WebhookFlash,
        webhook_form::{missed_since, written},
    },
    store::{DeliveryRow, WebhookRecord},
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct DeliveriesPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The webhook.
    pub(crate) webhook: &'a WebhookRecord,
    /// The deliveries, newest first.
    pub(crate) deliveries: &'a [DeliveryRow],
    /// Only those with this status.
    pub(crate) status: Option<DeliveryStatus>,
    /// Whether these are the newest there are.
    pub(crate) is_newest: bool,
    /// The id before which the next page ends, if there is one.
    pub(crate) older: Option<&'a str>,
    /// What was just done.
    pub(crate) flash: Option<WebhookFlash>,
    /// The form, if it was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

impl DeliveriesPage<'_> {
    fn address(&self, frame: &Frame<'_>, before: Option<&str>) -> String {
        let all = [("status", self.status.map(DeliveryStatus::as_str)), ("before", before)];
        let conditions: Vec<(&str, &str)> =
            all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        frame.addresses.deliveries_where(self.project.id, self.webhook.id, &conditions)
    }
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &DeliveriesPage<'_>) -> Markup {
    let content = html! {
        @if let Some(refused) = page.refused {
            (refusal(refused))
        } @else if let Some(flash) = page.flash {
            (notice(Tone::Good, &html! { p { (flash.words()) } }))
        }
        div.head {
            div {
                p.eyebrow {
                    a href=(frame.addresses.webhook(page.project.id, page.webhook.id)) { (shown_url(&page.webhook.url)) }
                }
                h1 { "Deliveries" }
                p.lead { "What was sent, and what waits to be, newest first." }
            }
        }
        (filter_form(frame, page))
        @if page.deliveries.is_empty() {
            div.card.empty {
                h2 {
                    @if !page.is_newest { "There is nothing older" }
                    @else if page.status.is_some() { "Nothing matches" }
                    @else { "Nothing was sent yet" }
                }
            }
        } @else {
            div.card { ol.events { @for delivery in page.deliveries { (entry(frame, page, delivery)) } } }
        }
        nav.pager aria-label="Pages of the list" {
            @if !page.is_newest { a.button href=(page.address(frame, None)) { "Newest" } }
            @if let Some(older) = page.older { a.button href=(page.address(frame, Some(older))) rel="next" { "Older" } }
        }
        @if frame.may(RequiredScope::WEBHOOKS_WRITE) {
            (part("again", "Send again", &about_again(), &again(frame, page)))
        }
    };
    let above = layout::project_bar(frame, &page.project, Section::Webhook);
    layout::page(frame, "Deliveries", &above, &content)
}

fn filter_form(frame: &Frame<'_>, page: &DeliveriesPage<'_>) -> Markup {
    let all = frame.addresses.deliveries(page.project.id, page.webhook.id);
    html! {
        form.filters method="get" action=(all) role="search" data-filters {
            div {
                label for="status" { "Status" }
                select id="status" name="status" aria-describedby="filters-help" {
                    option value="" { "Any" }
                    @for status in DeliveryStatus::ALL {
                        option value=(status.as_str()) selected[page.status == Some(status)] {
                            (words::delivery_status(status).1)
                        }
                    }
                }
            }
            div.filter-actions {
                button type="submit" { "Apply" }
                @if page.status.is_some() { a.button.quiet href=(all) { "Clear" } }
            }
            p.visually-hidden #filters-help { "With scripts, a choice takes effect at once." }
        }
    }
}

fn entry(frame: &Frame<'_>, page: &DeliveriesPage<'_>, delivery: &DeliveryRow) -> Markup {
    html! {
        li.event {
            div.event-head {
                strong {
                    @match delivery.id.parse::<DeliveryId>() {
                        Ok(id) => {
                            a href=(frame.addresses.delivery(page.project.id, page.webhook.id, id)) { (delivery.kind) }
                        }
                        Err(_) => (delivery.kind),
                    }
                }
                span.soft { (moment(frame, delivery.created_at)) }
            }
            p.run-end {
                (status_pill(&delivery.status))
                @if delivery.attempts > 0 {
                    span.soft { (came(delivery.status_code, delivery.error.as_deref())) }
                }
            }
            p.event-by {
                @match delivery.attempts { 0 => "Not sent yet", 1 => "1 attempt", count => { (count) " attempts" } }
                @if let Some(at) = delivery.next_attempt_at { " · next " (moment(frame, at)) }
            }
        }
    }
}

/// A stored status. One that this server does not know is shown as it is.
pub(super) fn status_pill(status: &str) -> Markup {
    match status.parse::<DeliveryStatus>() {
        Ok(status) => {
            let (tone, words) = words::delivery_status(status);
            pill(tone, words)
        }
        Err(_) => html! { code { (status) } },
    }
}

/// What came of an attempt.
pub(super) fn came(status: Option<i32>, error: Option<&str>) -> Markup {
    html! {
        @match (status, error) {
            (Some(status), _) => { "The receiver answered " (status) }
            (None, Some(why)) => {
                @match why.parse::<SendFailure>() { Ok(why) => (words::send_failure(why)), Err(_) => code { (why) } }
            }
            (None, None) => "Not known",
        }
    }
}

fn about_again() -> Markup {
    html! {
        p { "What was given up or dropped of events since a time is sent again, oldest first, 10,000 messages at most." }
        p { "Each keeps its id and its bytes. Later events may have been delivered already: " code { "sequence" } " tells." }
    }
}

fn again(frame: &Frame<'_>, page: &DeliveriesPage<'_>) -> Markup {
    let missed = missed_since(page.webhook).map(written).unwrap_or_default();
    let value = match page.refused {
        Some(refused) => refused.typed.get("since").unwrap_or_default(),
        None => &missed,
    };
    let field = Field {
        name: "since",
        label: "Events since",
        help: Some("In UTC."),
        problem: page.refused.and_then(|refused| refused.problem("since")),
        presence: Presence::Required,
    };
    html! {
        form method="post" action=(frame.addresses.to_webhook(page.project.id, page.webhook.id, "redeliver")) data-once {
            (csrf(frame))
            (field.moment(value))
            div.actions.foot { button type="submit" { "Send again" } }
        }
    }
}
