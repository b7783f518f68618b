//! The page that asks which of several is to be connected, after a consent that is good for more than one.

use integrations_core::{catalog::ProviderAccount, oauth::ChoiceItem};
use maud::{Markup, html};

use super::{
    field::group,
    frame::Frame,
    install, layout,
    parts::{csrf, emblem},
};

/// What can be chosen, and the installation that waits for the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choosing<'a> {
    /// The secret of the waiting installation.
    pub(crate) pending: &'a str,
    /// What can be chosen.
    pub(crate) items: &'a [ChoiceItem],
    /// Whether the person sent the form without choosing one.
    pub(crate) is_refused: bool,
}

/// Asks which one is meant.
pub(crate) fn page(frame: &Frame<'_>, account: &ProviderAccount, choosing: &Choosing<'_>) -> Markup {
    let provider = &account.provider;
    let choice = provider.oauth().and_then(|oauth| oauth.choice.as_ref());
    let what = choice.map_or("account", |choice| choice.what.as_str());
    let title = format!("Which {what}?");
    let problem = choosing.is_refused.then(|| format!("Choose one {what}"));
    let preferred = choosing.items.iter().position(|item| item.is_preferred);
    let boxes = html! {
        @for (index, item) in choosing.items.iter().enumerate() {
            (radio(index, item, preferred == Some(index)))
        }
    };
    let content = html! {
        div.narrow {
            div.card {
                div.head.with-mark {
                    (emblem(frame, provider))
                    div { p.eyebrow { "Connect " (account.label()) } h1 { (title) } }
                }
                p { "You have given access to more than one at " (provider.name) ". One of them is connected here." }
                form #choose method="post" action=(frame.addresses.install("choose")) data-once {
                    (csrf(frame))
                    input type="hidden" name="pending" value=(choosing.pending);
                    (group("item", &format!("The {what} to connect"), problem.as_deref(), &boxes))
                }
                div.actions.foot {
                    button.primary type="submit" form="choose" { "Connect this " (what) }
                    (install::answer(frame, choosing.pending, "abandon", "Cancel", "quiet"))
                }
            }
        }
    };
    layout::page(frame, &title, &html! {}, &content)
}

fn radio(index: usize, item: &ChoiceItem, is_chosen: bool) -> Markup {
    let id = format!("item-{index}");
    let help = format!("{id}-help");
    html! {
        div.ticked {
            input type="radio" id=(id) name="item" value=(index) required checked[is_chosen]
                aria-describedby=[item.detail.as_ref().map(|_| &help)];
            div {
                label for=(id) { (item.label) }
                @if let Some(detail) = &item.detail { p.help id=(help) { (detail) } }
            }
        }
    }
}
