//! The parts that pages share: pills, notices, logos.

use integrations_core::{
    catalog::{Category, Provider},
    picture::Picture,
};
use maud::{Markup, html};

use super::frame::Frame;

/// The meaning of a colour. The text always says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Good.
    Good,
    /// Needs a look.
    Warn,
    /// Wrong.
    Bad,
    /// Neutral.
    Calm,
}

impl Tone {
    /// The class that has its colours.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Calm => "calm",
        }
    }
}

/// A status in a word or two.
pub(crate) fn pill(tone: Tone, text: &str) -> Markup {
    html! { span class={ "pill " (tone.class()) } { (text) } }
}

/// A message that a person should read first.
pub(crate) fn notice(tone: Tone, content: &Markup) -> Markup {
    // An error interrupts a screen reader; other messages wait.
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! { div class={ "notice " (tone.class()) } role=(role) { (content) } }
}

/// The hidden field that proves that a form belongs to this visit.
pub(crate) fn csrf(frame: &Frame<'_>) -> Markup {
    html! { input type="hidden" name="csrf" value=(frame.csrf); }
}

/// A provider's logo, or its initial on its category's colour if it has none. Its name is beside it.
pub(crate) fn emblem(frame: &Frame<'_>, provider: &Provider) -> Markup {
    let address = |picture: &Picture| frame.addresses.asset_named(&picture.name);
    let initial = provider.name.chars().next().unwrap_or('·');
    let tint = Category::ALL.iter().position(|one| *one == provider.category).unwrap_or_default();
    html! {
        @match &provider.logo {
            Some(logo) => picture.emblem {
                @if let Some(dark) = &logo.dark { source media="(prefers-color-scheme:dark)" srcset=(address(dark)); }
                img src=(address(&logo.light)) alt="" width="40" height="40" loading="lazy" decoding="async";
            },
            None => span class={ "emblem monogram t" (tint) } aria-hidden="true" { (initial) },
        }
    }
}

/// A link that leads away from the dashboard.
pub(crate) fn away(address: &str, text: &str) -> Markup {
    html! { a.away href=(address) rel="noreferrer" { (text) } }
}

/// A text to be copied, with a button that only works with the script.
pub(crate) fn copied(id: &str, text: &str) -> Markup {
    html! {
        div.copied {
            code id=(id) { (text) }
            button.small-button type="button" hidden data-copies=(id) { "Copy" }
        }
    }
}

/// A part of a page: its title and description on the left, its content on the right.
pub(crate) fn part(id: &str, title: &str, about: &Markup, card: &Markup) -> Markup {
    html! {
        section.part aria-labelledby=(id) {
            div.about { h2 id=(id) { (title) } (about) }
            div.card { (card) }
        }
    }
}
