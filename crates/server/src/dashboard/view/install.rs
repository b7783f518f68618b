//! The pages of an installation: for a person who opened a link, before the provider's page, and at the end.

use integrations_core::{
    catalog::{Provider, ProviderAccount},
    in_app_browser::RealBrowser,
};
use maud::{Markup, html};

use super::{
    connect,
    failure::Words,
    frame::{Face, Frame},
    layout,
    parts::{Tone, copied, csrf, emblem, notice},
    provider_page::{ProviderPage, refusal},
    words,
};
use crate::services::install::Return;

/// The page that an install link opens. It shows only what is needed to install.
/// `back` is the way back to the product for a person who does not want it.
pub(crate) fn page(
    frame: &Frame<'_>,
    page: &ProviderPage<'_>,
    back: Option<&Return>,
    in_app: Option<&InApp>,
) -> Markup {
    let provider = page.provider();
    let content = html! {
        div.narrow {
            @if let Some(refused) = page.refused { (refusal(refused)) }
            @if let Some(flash) = page.flash { (notice(Tone::Good, &html! { p { (flash.words(page.account)) } })) }
            @if let Some(in_app) = in_app { (warning(provider, in_app)) }
            div.card {
                div.head.with-mark {
                    (emblem(frame, provider))
                    div {
                        p.eyebrow { (words::category(provider.category)) }
                        h1 { "Connect " (page.account.label()) }
                    }
                }
                p.lead { (asks(frame, provider)) }
                @if let Some(alias) = page.account.reference.alias() {
                    p {
                        "This is for the account that is called " strong { (alias) } " here. Other accounts of "
                        (provider.name) " stay as they are."
                    }
                }
                p { (provider.description) }
                (connect::form(frame, page, connect::Label::Connect))
            }
            @if let Some(back) = back {
                p.small { "At the end you go back to " (back.host) ". " a href=(back.address) { "Go back without connecting" } }
            }
            p.small { "What you enter is stored encrypted and never shown again. If you did not expect this, close the page." }
        }
    };
    layout::page(frame, &format!("Connect {}", page.account.label()), &html! {}, &content)
}

/// A browser that is built into another program, in which the provider refuses to sign people in.
#[derive(Clone, Debug)]
pub(crate) struct InApp {
    /// The whole address of the link, which works in any browser.
    pub(crate) address: String,
    /// How it is opened in a real one.
    pub(crate) browser: RealBrowser,
}

fn warning(provider: &Provider, in_app: &InApp) -> Markup {
    notice(
        Tone::Warn,
        &html! {
            p {
                strong { "Open this page in your browser." } " You see it inside another app, where " (provider.name)
                " may refuse to sign you in."
            }
            @if let Some(address) = in_app.browser.address(&in_app.address) {
                p.actions { a.button href=(address) { "Open in browser" } }
            }
            p { "Or copy the address, and open it there:" }
            (copied("link", &in_app.address))
        },
    )
}

/// Who asks, if they have given a name.
fn asks(frame: &Frame<'_>, provider: &Provider) -> Markup {
    let name = match frame.face {
        Face::Customer(look) => look.name.as_deref(),
        Face::Dashboard => None,
    };
    html! {
        @match name {
            Some(name) => { strong { (name) } " asks you to connect your account at " (provider.name) "." },
            None => { "You are asked to connect your account at " (provider.name) "." },
        }
    }
}

/// The end of an installation with a link. `back` is the way back to the product that asked for it; if `goes_on`, the
/// browser takes it by itself. The page says what to do next, because a tab cannot close itself, and a person may come
/// back to it.
pub(crate) fn finished(
    frame: &Frame<'_>,
    account: &ProviderAccount,
    back: Option<&Return>,
    goes_on: bool,
) -> Markup {
    let title = format!("{} is connected", account.label());
    let content = html! {
        div.narrow {
            div.card.finished {
                (emblem(frame, &account.provider))
                h1 { (title) }
                @match back {
                    Some(back) => (way_on(back, goes_on)),
                    None => p { "That was all. You can close this tab, and go on where you came from." },
                }
            }
        }
    };
    ended(frame, &title, back, goes_on, &content)
}

/// A failed installation, or one that the person did not want.
pub(crate) fn failed(frame: &Frame<'_>, words: &Words<'_>, back: &Return, goes_on: bool) -> Markup {
    let content = html! {
        div.narrow {
            div.card {
                h1 { (words.title) }
                p { (words.explanation) }
                @if !goes_on && !words.advice.is_empty() { p { (words.advice) } }
                (way_on(back, goes_on))
            }
            p.small { "Request " code { (words.request_id) } }
        }
    };
    ended(frame, words.title, Some(back), goes_on, &content)
}

fn way_on(back: &Return, goes_on: bool) -> Markup {
    html! {
        @if goes_on { p { "You are on your way back to " strong { (back.host) } "." } }
        p.actions { a.button.primary href=(back.address) { "Continue to " (back.host) } }
    }
}

fn ended(frame: &Frame<'_>, title: &str, back: Option<&Return>, goes_on: bool, content: &Markup) -> Markup {
    match back {
        Some(back) => layout::returning_page(frame, title, back, goes_on, content),
        None => layout::page(frame, title, &html! {}, content),
    }
}

/// The page of an installation that is not finished yet. The browser loads it again by itself.
pub(crate) fn under_way(frame: &Frame<'_>, account: &ProviderAccount) -> Markup {
    let content = html! {
        div.narrow {
            div.card.finished {
                (emblem(frame, &account.provider))
                h1 { "Connecting " (account.label()) "…" }
                p { "This takes a few seconds." }
            }
        }
    };
    layout::waiting_page(frame, &format!("Connecting {}", account.label()), &content)
}

/// The page before the provider's own page. The browser goes on by itself.
///
/// It is not a redirect, because browsers check every redirect after a form against the page's `form-action`, and
/// providers redirect to hosts that are not known in advance (w3c/webappsec-csp, issue 8).
pub(crate) fn leaving(frame: &Frame<'_>, account: &ProviderAccount, address: &str) -> Markup {
    let provider = &account.provider;
    let content = html! {
        div.narrow {
            div.card.finished {
                (emblem(frame, provider))
                h1 { "On to " (provider.name) "…" }
                p { "There you can allow the access." }
                p.actions { a.button.primary #continue href=(address) rel="noreferrer" { "Continue to " (provider.name) } }
            }
        }
    };
    layout::leaving_page(frame, &format!("On to {}", provider.name), address, &content)
}

/// The question about another account: the accounts' names, and the installation that waits for the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtherAccount<'a> {
    /// The secret of the waiting installation.
    pub(crate) pending: &'a str,
    /// The account that is connected now.
    pub(crate) before: &'a str,
    /// The account that would replace it, if the provider said which it is.
    pub(crate) after: Option<&'a str>,
}

/// Asks whether another account is meant.
pub(crate) fn confirm(frame: &Frame<'_>, account: &ProviderAccount, other: &OtherAccount<'_>) -> Markup {
    let provider = &account.provider;
    let content = html! {
        div.narrow {
            div.card {
                h1 { "Connect another account?" }
                @match other.after {
                    Some(_) => p {
                        "You have signed in at " (provider.name) " as another account than the one that is connected now."
                    },
                    None => p {
                        (provider.name) " did not say which account this is. It may be another than the one that is \
                         connected now."
                    },
                }
                dl.facts {
                    @if let Some(alias) = account.reference.alias() { div { dt { "Its name here" } dd { (alias) } } }
                    div { dt { "Connected now" } dd { (other.before) } }
                    div { dt { "Would be connected" } dd { (other.after.unwrap_or("not known")) } }
                }
                p {
                    "Settings stay, and apply to the account that you connect. Every action that does more than read is \
                     turned off: it was permitted for the account before."
                }
                @if frame.who.is_some() {
                    p {
                        "To have both, keep this one as it is, and add the other on the page of " (provider.name)
                        " under a name of its own."
                    }
                }
                div.actions.foot {
                    (answer(frame, other.pending, "confirm", "Connect the other account", "primary"))
                    (answer(frame, other.pending, "abandon", "Keep it as it is", "quiet"))
                }
            }
        }
    };
    layout::page(frame, "Connect another account?", &html! {}, &content)
}

/// A button that answers the question of a waiting installation.
pub(super) fn answer(frame: &Frame<'_>, pending: &str, answer: &str, label: &str, class: &str) -> Markup {
    html! {
        form method="post" action=(frame.addresses.install(answer)) data-once {
            (csrf(frame))
            input type="hidden" name="pending" value=(pending);
            button class=(class) type="submit" { (label) }
        }
    }
}
