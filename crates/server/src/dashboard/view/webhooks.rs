//! A project's webhooks: the list, the form for one more, and the page that shows a secret once.

use integrations_core::{
    scope::RequiredScope,
    webhook::{WebhookStatus, shown_url},
};
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, copied, csrf, notice, pill},
    provider_page::{RefusedForm, refusal},
    webhook_form, words,
};
use crate::{
    dashboard::{flash::WebhookFlash, key_form::Overlap},
    store::WebhookRecord,
};

/// What the list shows.
#[derive(Debug)]
pub(crate) struct WebhooksPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// Its webhooks, oldest first.
    pub(crate) webhooks: &'a [WebhookRecord],
    /// What was just done.
    pub(crate) flash: Option<WebhookFlash>,
}

/// Renders the list.
pub(crate) fn page(frame: &Frame<'_>, page: &WebhooksPage<'_>) -> Markup {
    let disabled = page.webhooks.iter().filter(|webhook| webhook.status == WebhookStatus::Disabled).count();
    let content = html! {
        @if let Some(flash) = page.flash { (notice(Tone::Good, &html! { p { (flash.words()) } })) }
        @if disabled > 0 {
            (notice(Tone::Warn, &html! {
                p {
                    strong {
                        @if disabled == 1 { "One webhook is disabled. " } @else { (disabled) " webhooks are disabled. " }
                    }
                    "What happens waits until it is switched on, on its page."
                }
            }))
        }
        div.head {
            div {
                h1 { "Webhooks" }
                p.lead { "Addresses of yours that are told what happens in " (page.project.names.project) "." }
            }
            @if frame.may(RequiredScope::WEBHOOKS_WRITE) {
                a.button.primary href=(frame.addresses.new_webhook(page.project.id)) { "New webhook" }
            }
        }
        @if page.webhooks.is_empty() {
            div.card.empty { h2 { "Nothing is told to anybody yet" } }
        } @else {
            ul.rows.card { @for webhook in page.webhooks { (row(frame, page, webhook)) } }
        }
    };
    layout::page(frame, "Webhooks", &layout::project_bar(frame, &page.project, Section::Webhooks), &content)
}

fn row(frame: &Frame<'_>, page: &WebhooksPage<'_>, webhook: &WebhookRecord) -> Markup {
    let (tone, status) = words::webhook_status(webhook.status);
    html! {
        li.row {
            div.row-main {
                h2.row-title {
                    a.stretched href=(frame.addresses.webhook(page.project.id, webhook.id)) {
                        (shown_url(&webhook.url))
                    }
                }
                (events(webhook))
                p.row-note {
                    (last(frame, webhook))
                    @if webhook.failures > 0 { " · " (webhook.failures) " given up since the last success" }
                }
            }
            div.row-side { (pill(tone, status)) }
        }
    }
}

/// What a webhook is told.
pub(super) fn events(webhook: &WebhookRecord) -> Markup {
    html! {
        p.row-note {
            @for (at, pattern) in webhook.events.iter().enumerate() { @if at > 0 { ", " } code { (pattern) } }
        }
    }
}

/// When a webhook was last sent something.
pub(super) fn last(frame: &Frame<'_>, webhook: &WebhookRecord) -> Markup {
    html! {
        @match webhook.last_triggered_at { Some(at) => { "Last sent " (moment(frame, at)) }, None => "Nothing sent yet" }
    }
}

/// The page on which a webhook is made.
pub(crate) fn new_webhook(frame: &Frame<'_>, project: &Project<'_>, refused: Option<&RefusedForm>) -> Markup {
    let content = html! {
        @if let Some(refused) = refused { (refusal(refused)) }
        div.head {
            div {
                p.eyebrow { a href=(frame.addresses.webhooks(project.id)) { "Webhooks" } }
                h1 { "New webhook" }
                p.lead { "Each event is sent there at least once, in order for one integration." }
                p.help { "Messages are signed. The secret for that is shown on the next page, once." }
            }
        }
        div.card {
            form method="post" action=(frame.addresses.webhooks(project.id)) data-once {
                (csrf(frame))
                (webhook_form::fields(refused, None))
                div.actions.foot {
                    button.primary type="submit" { "Create the webhook" }
                    a.button.quiet href=(frame.addresses.webhooks(project.id)) { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, "New webhook", &layout::project_bar(frame, project, Section::Webhook), &content)
}

/// A secret that was just made. It has no `Debug`, which would show it.
pub(crate) struct NewSecret<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The webhook.
    pub(crate) webhook: &'a WebhookRecord,
    /// The secret itself.
    pub(crate) text: &'a str,
    /// How long the secret that it replaces signs too. `None`: it is the first one.
    pub(crate) replaces: Option<Overlap>,
}

/// The only page that shows a secret.
pub(crate) fn issued(frame: &Frame<'_>, new: &NewSecret<'_>) -> Markup {
    let title = if new.replaces.is_some() { "The new secret" } else { "The webhook is made" };
    let content = html! {
        div.narrow {
            div.card {
                h1 { (title) }
                p { strong { (shown_url(&new.webhook.url)) } }
                p.help { "The secret that messages are signed with" }
                (copied("secret", new.text))
                (notice(Tone::Warn, &html! {
                    p { strong { "Store it now. " } "It is not shown again." }
                }))
                @match new.replaces {
                    None => {}
                    Some(Overlap::Nothing) => {
                        p { "The old secret has stopped. Until the receiver has the new one, it refuses messages." }
                    }
                    Some(_) => {
                        p {
                            "During the overlap, " code { "X-RogerIQ-Signature" } " is still made with the old secret, and "
                            code { "webhook-signature" } " has one signature of each."
                        }
                    }
                }
                div.actions.foot {
                    a.button href=(frame.addresses.webhook(new.project.id, new.webhook.id)) { "I have stored it" }
                }
            }
        }
    };
    layout::page(frame, title, &layout::project_bar(frame, &new.project, Section::Webhook), &content)
}
