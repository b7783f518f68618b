//! Error pages.

use maud::{Markup, html};

use super::{frame::Frame, layout};

/// The text of an error page.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    /// The title, in a few words.
    pub(crate) title: &'a str,
    /// What happened.
    pub(crate) explanation: &'a str,
    /// What to do.
    pub(crate) advice: &'a str,
    /// The next page: its address and the text of the link.
    pub(crate) way_on: Option<(&'a str, &'a str)>,
    /// The request's id.
    pub(crate) request_id: &'a str,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, words: &Words<'_>) -> Markup {
    let content = html! {
        div.narrow {
            div.card {
                h1 { (words.title) }
                p { (words.explanation) }
                @if !words.advice.is_empty() { p { (words.advice) } }
                @if let Some((address, label)) = words.way_on {
                    p.actions { a.button.primary href=(address) { (label) } }
                }
            }
            p.small { "Request " code { (words.request_id) } }
        }
    };
    layout::page(frame, words.title, &html! {}, &content)
}
