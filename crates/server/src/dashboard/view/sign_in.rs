//! The page to sign in.

use maud::{Markup, html};

use super::{
    field::{Field, Presence},
    frame::Frame,
    layout,
    parts::{Tone, csrf, notice},
};

/// What the page shows around its form.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SignIn<'a> {
    /// The page to open afterwards.
    pub(crate) return_to: Option<&'a str>,
    /// What is wrong with the key. It never contains the key.
    pub(crate) problem: Option<&'a str>,
    /// What happened before.
    pub(crate) news: Option<&'a str>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, sign_in: SignIn<'_>) -> Markup {
    let field = Field {
        name: "api_key",
        label: "API key",
        help: Some(
            "It begins with riq_ and needs the scope integrations:write. The operator of this server creates it.",
        ),
        problem: sign_in.problem,
        presence: Presence::Required,
    };
    let content = html! {
        div.narrow {
            @if let Some(news) = sign_in.news { (notice(Tone::Calm, &html! { p { (news) } })) }
            div.card {
                h1 { "Sign in" }
                p.lead { "Use an API key of your organization to manage its integrations." }
                form method="post" action=(frame.addresses.sign_in()) data-once {
                    (csrf(frame))
                    @if let Some(page) = sign_in.return_to { input type="hidden" name="return_to" value=(page); }
                    (field.secret())
                    button.primary.wide type="submit" { "Sign in" }
                }
            }
            p.small { "The key stays on the server: your browser keeps a session that ends after two hours without use." }
        }
    };
    layout::page(frame, "Sign in", &html! {}, &content)
}
