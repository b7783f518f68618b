//! The pages of an installation: for a person who opened a link, before the provider's page, and at the end.

use integrations_core::catalog::ProviderAccount;
use maud::{Markup, html};

use super::{
    connect,
    frame::Frame,
    layout,
    parts::{Tone, csrf, monogram, notice},
    provider_page::{ProviderPage, refusal},
    words,
};

/// The page that an install link opens. It shows only what is needed to install.
pub(crate) fn page(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let provider = page.provider();
    let content = html! {
        div.narrow {
            @if let Some(refused) = page.refused { (refusal(refused)) }
            @if let Some(flash) = page.flash { (notice(Tone::Good, &html! { p { (flash.words(page.account)) } })) }
            div.card {
                div.head.with-mark {
                    (monogram(provider))
                    div {
                        p.eyebrow { (words::category(provider.category)) }
                        h1 { "Connect " (page.account.label()) }
                    }
                }
                p.lead {
                    strong { (page.project.names.organization) } " asks you to connect " (provider.name)
                    " to its project " strong { (page.project.names.project) } "."
                }
                @if let Some(alias) = page.account.reference.alias() {
                    p {
                        "This is for the account that is called " strong { (alias) } " there. Other accounts of "
                        (provider.name) " stay as they are."
                    }
                }
                p { (provider.description) }
                (connect::form(frame, page, connect::Label::Connect))
            }
            p.small { "What you enter is stored encrypted and never shown again. If you did not expect this, close the page." }
        }
    };
    layout::page(frame, &format!("Connect {}", page.account.label()), &html! {}, &content)
}

/// The end of an installation with a link.
pub(crate) fn finished(frame: &Frame<'_>, account: &ProviderAccount) -> Markup {
    let content = html! {
        div.narrow {
            div.card.finished {
                (monogram(&account.provider))
                h1 { (account.label()) " is connected" }
                p { "You can close this window." }
            }
        }
    };
    layout::page(frame, &format!("{} is connected", account.label()), &html! {}, &content)
}

/// The page of an installation that is not finished yet. The browser loads it again by itself.
pub(crate) fn under_way(frame: &Frame<'_>, account: &ProviderAccount) -> Markup {
    let content = html! {
        div.narrow {
            div.card.finished {
                (monogram(&account.provider))
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
                (monogram(provider))
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

fn answer(frame: &Frame<'_>, pending: &str, answer: &str, label: &str, class: &str) -> Markup {
    html! {
        form method="post" action=(frame.addresses.install(answer)) data-once {
            (csrf(frame))
            input type="hidden" name="pending" value=(pending);
            button class=(class) type="submit" { (label) }
        }
    }
}
