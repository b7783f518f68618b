//! The events of a provider: the address that they come to, what verifies them, what came and what was refused.

use integrations_core::{
    catalog::{Events, SecretSource},
    inbound::Reason,
};
use maud::{Markup, html};

use super::{
    field::{Field, Presence},
    frame::Frame,
    layout,
    moment::moment,
    parts::{Tone, away, copied, csrf, emblem, notice, part},
    provider_page::{Part, RefusedForm, refusal},
    words,
};
use crate::{
    dashboard::{flash::EventsFlash, key_form::Overlap},
    services::provider_events::{AddressView, SecretState},
    store::{ProviderEventRow, RefusalRow},
};

/// The most refusals that are shown.
const REFUSALS: usize = 10;

/// What the page shows.
#[derive(Debug)]
pub(crate) struct EventsPage<'a> {
    /// What stands above the page.
    pub(crate) bar: Markup,
    /// The page that this belongs to, with its name.
    pub(crate) back: (String, String),
    /// The address.
    pub(crate) address: &'a AddressView,
    /// What the provider's file says.
    pub(crate) events: &'a Events,
    /// Where the forms of this page are sent to.
    pub(crate) to: String,
    /// Whether the person may change what verifies events.
    pub(crate) may_change: bool,
    /// Where the address is, if it is that of an app that is not set here.
    pub(crate) app: Option<AppElsewhere>,
    /// A secret to enter here and at the provider, where one is chosen here.
    pub(crate) suggestion: Option<String>,
    /// The latest events. `None`: the page of an app shows none.
    pub(crate) latest: Option<&'a [ProviderEventRow]>,
    /// What was just done.
    pub(crate) flash: Option<EventsFlash>,
    /// The form, if it was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
    /// The secret that the provider brought. It is shown this once.
    pub(crate) brought: Option<&'a str>,
}

/// The app whose address it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AppElsewhere {
    /// The project's own.
    Project,
    /// The organization's.
    Organization,
    /// The operator's.
    Operator,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &EventsPage<'_>) -> Markup {
    let provider = &page.address.provider;
    let content = html! {
        @if let Some(refused) = page.refused {
            (refusal(refused))
        } @else if let Some(flash) = page.flash {
            (notice(Tone::Good, &html! { p { (flash.words()) } }))
        }
        @if let Some(brought) = page.brought { (shown_once(page, brought)) }
        div.head.with-mark {
            (emblem(frame, provider))
            div {
                p.eyebrow { a href=(page.back.0) { (page.back.1) } }
                div.title-line { h1 { "Events from " (provider.name) } }
            }
        }
        (part("place", "Address", &about_address(page), &address(page)))
        @if page.app.is_none() {
            (part("verification", "Secret", &about_secret(page), &secret(frame, page)))
            (part("refused", "Refused", &about_refused(), &refusals(frame, &page.address.refusals, page.address.secrets)))
        }
        @if let Some(latest) = page.latest {
            (part("latest", "Latest events", &html! { p { "What arrived last. Webhooks are told each as " code { "provider.event" } "." } }, &list(frame, latest)))
        }
    };
    layout::page(frame, &format!("Events from {}", provider.name), &page.bar, &content)
}

fn shown_once(page: &EventsPage<'_>, brought: &str) -> Markup {
    notice(
        Tone::Good,
        &html! {
            p { strong { (page.events.secret.label) } " of " (page.address.provider.name) ". It is shown this once." }
            (copied("brought", brought))
        },
    )
}

fn about_address(page: &EventsPage<'_>) -> Markup {
    html! {
        p { (page.events.enter) }
        @if let Some(url) = &page.events.page {
            p { (away(url.as_str(), &format!("Open it at {}", page.address.provider.name))) }
        }
        p { (away(page.events.documentation_url.as_str(), "What it says of events")) }
    }
}

fn address(page: &EventsPage<'_>) -> Markup {
    let name = &page.address.provider.name;
    html! {
        @match (page.app, &page.address.url) {
            (Some(app), _) => p.meaning {
                (name) " sends the events of all accounts to one address of the OAuth app. "
                @match app {
                    AppElsewhere::Project => "It is on the page of the project's OAuth app.",
                    AppElsewhere::Organization => "It is on the page of the organization's OAuth app.",
                    AppElsewhere::Operator => "The operator of this server has entered it, or can.",
                }
            },
            (None, Some(url)) => {
                (copied("event-address", url))
                p.help { "Whoever knows it can send here. It changes when the integration is connected again." }
            }
            (None, None) => p.meaning { "There is no address to show: connect it first, or ask somebody who may change it." },
        }
    }
}

fn about_secret(page: &EventsPage<'_>) -> Markup {
    let secret = &page.events.secret;
    html! {
        p { "What shows that an event comes from " (page.address.provider.name) ". Without one, nothing is taken." }
        @if !secret.help.is_empty() { p { (secret.help) } }
        @if let Some(url) = &secret.page {
            p { (away(url.as_str(), &format!("Find it at {}", page.address.provider.name))) }
        }
    }
}

fn secret(frame: &Frame<'_>, page: &EventsPage<'_>) -> Markup {
    html! {
        p.meaning {
            @match page.address.secret {
                SecretState::Missing => "There is none.",
                SecretState::Set => "There is one.",
                SecretState::Replaced(until) => { "There is a new one. The one before stops " (moment(frame, until)) "." },
            }
        }
        @if page.may_change && page.address.url.is_some() {
            @match page.events.secret.source {
                SecretSource::ClientSecret => p.help { "It is the client secret of the OAuth app." },
                SecretSource::Person => (entry(frame, page)),
                SecretSource::FirstRequest => (waiting(frame, page)),
            }
        }
    }
}

fn entry(frame: &Frame<'_>, page: &EventsPage<'_>) -> Markup {
    let problem = page.refused.and_then(|refused| refused.problem("secret"));
    let label = page.events.secret.label.as_str();
    let field =
        |name, label, help, problem| Field { name, label, help, problem, presence: Presence::Required };
    let overlaps =
        Overlap::ALL.map(|overlap| (overlap.as_str(), words::overlap(overlap, "No time: it stops at once")));
    html! {
        @if let Some(suggestion) = &page.suggestion {
            p { "A secret that nobody has chosen yet, to enter here and there:" }
            (copied("suggestion", suggestion))
        }
        form method="post" action=(format!("{}/secret", page.to)) data-once {
            (csrf(frame))
            (field("secret", label, None, problem).secret())
            @if page.address.secret != SecretState::Missing {
                (field("overlap", "The old secret counts too for", None, None).choice(Overlap::Nothing.as_str(), overlaps))
            }
            div.actions.foot { button.primary type="submit" { "Save" } }
        }
    }
}

fn waiting(frame: &Frame<'_>, page: &EventsPage<'_>) -> Markup {
    let button = |action: &str, label: &str| {
        html! {
            form method="post" action=(format!("{}/{action}", page.to)) data-once {
                (csrf(frame))
                button type="submit" { (label) }
            }
        }
    };
    html! {
        @if let Some(until) = page.address.awaited_until {
            p { "The first request is waited for. Enter the address there now, then load this page again. The wait ends " (moment(frame, until)) "." }
        }
        div.actions {
            @if page.address.to_be_shown { (button("shown", "Show it once")) }
            (button("wait", "Wait for the first request"))
        }
    }
}

fn about_refused() -> Markup {
    html! { p { "Requests that were not taken, and what to do. What they claim to be was not verified." } }
}

fn refusals(frame: &Frame<'_>, rows: &[RefusalRow], secrets: usize) -> Markup {
    html! {
        @if rows.is_empty() { p.meaning { "Nothing was refused." } }
        ul.plain {
            @for row in rows.iter().take(REFUSALS) {
                li {
                    @match row.reason.parse::<Reason>() {
                        Ok(reason) => { (reason.explain(secrets)) "." },
                        Err(_) => (row.reason),
                    }
                    p.help {
                        @if let Some(kind) = &row.kind { code { (kind) } ", " }
                        (row.count) @if row.count == 1 { " time, " } @else { " times, the last " }
                        (moment(frame, row.last_at))
                    }
                }
            }
        }
    }
}

fn list(frame: &Frame<'_>, rows: &[ProviderEventRow]) -> Markup {
    html! {
        @if rows.is_empty() { p.meaning { "Nothing came yet." } }
        ul.plain {
            @for row in rows {
                li {
                    code { (row.kind.as_deref().unwrap_or("without a type")) } " " (moment(frame, row.received_at))
                    p.help {
                        code { (row.id) }
                        @if let Some(id) = &row.provider_event_id { ", there " code { (id) } }
                    }
                }
            }
        }
    }
}

/// The fields that a refused form of this page marks.
pub(crate) const PART: Part = Part::EventSecret;
