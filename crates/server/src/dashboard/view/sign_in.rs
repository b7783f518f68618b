//! The page to sign in, and the pages around signing in with a provider.

use integrations_core::ids::UserId;
use maud::{Markup, html};

use super::{
    field::{Field, Presence},
    frame::Frame,
    layout,
    parts::{Tone, csrf, notice},
};

/// What the page shows around its forms.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SignIn<'a> {
    /// The host of the provider that people sign in with, if one is set.
    pub(crate) provider: Option<&'a str>,
    /// Whether an API key can be used.
    pub(crate) takes_keys: bool,
    /// Whether the person must prove anew who they are.
    pub(crate) is_fresh: bool,
    /// The page to open afterwards.
    pub(crate) return_to: Option<&'a str>,
    /// What is wrong with the key. It never contains the key.
    pub(crate) problem: Option<&'a str>,
    /// What happened before.
    pub(crate) news: Option<&'a str>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, sign_in: SignIn<'_>) -> Markup {
    let content = html! {
        div.narrow {
            @if let Some(news) = sign_in.news { (notice(Tone::Calm, &html! { p { (news) } })) }
            @if let Some(provider) = sign_in.provider { (with_provider(frame, &sign_in, provider)) }
            @if sign_in.takes_keys { (with_key(frame, &sign_in)) }
        }
    };
    layout::page(frame, "Sign in", &html! {}, &content)
}

fn with_provider(frame: &Frame<'_>, sign_in: &SignIn<'_>, provider: &str) -> Markup {
    html! {
        div.card {
            h1 { "Sign in" }
            p.lead { "Use your own account. What you may do here follows from your role." }
            form method="post" action=(frame.addresses.sign_in_person()) data-once {
                (csrf(frame))
                (on_the_way(sign_in))
                button.primary.wide type="submit" { "Sign in with " (provider) }
            }
        }
    }
}

/// What a form takes along: where the person was going, and whether that needs a fresh sign-in.
fn on_the_way(sign_in: &SignIn<'_>) -> Markup {
    html! {
        @if let Some(page) = sign_in.return_to { input type="hidden" name="return_to" value=(page); }
        @if sign_in.is_fresh { input type="hidden" name="fresh" value="on"; }
    }
}

fn with_key(frame: &Frame<'_>, sign_in: &SignIn<'_>) -> Markup {
    let field = Field {
        name: "api_key",
        label: "API key",
        help: Some(
            "It begins with riq_ and needs the scope integrations:write. The operator of this server creates it.",
        ),
        problem: sign_in.problem,
        presence: Presence::Required,
    };
    html! {
        div.card {
            @if sign_in.provider.is_some() { h2 { "Or use an API key" } } @else { h1 { "Sign in" } }
            p.lead { "Use an API key of your organization to manage its integrations." }
            form method="post" action=(frame.addresses.sign_in()) data-once {
                (csrf(frame))
                (on_the_way(sign_in))
                (field.secret())
                @if sign_in.provider.is_some() {
                    button.wide type="submit" { "Sign in with the key" }
                } @else {
                    button.primary.wide type="submit" { "Sign in" }
                }
            }
        }
        p.small { "The key stays on the server: your browser keeps a session that ends after two hours without use." }
    }
}

/// The page from which the browser goes on to the provider by itself.
pub(crate) fn leaving(frame: &Frame<'_>, host: &str, address: &str) -> Markup {
    let content = html! {
        div.narrow {
            div.card {
                h1 { "On to " (host) }
                p { "You sign in there, and come back by yourself." }
                p.actions { a.button.primary href=(address) rel="noreferrer" { "Continue" } }
            }
        }
    };
    layout::leaving_page(frame, "On to the provider", address, &content)
}

/// The page for a person who is known and has no role.
pub(crate) fn no_role(frame: &Frame<'_>, user: UserId, issuer: &str, subject: &str) -> Markup {
    let command = frame.operator.admin(&format!("user set-role {user} --org ORG --role ROLE"));
    let content = html! {
        div.narrow {
            div.card {
                h1 { "You have no role here yet" }
                p { "You signed in, but no organization on this server has given you a role. So there is nothing to show." }
                p { "Ask an administrator of your organization, or the operator of this server, and send them this:" }
                dl.facts {
                    dt { "Issuer" } dd { code { (issuer) } }
                    dt { "Subject" } dd { code { (subject) } }
                    dt { "Your id here" } dd { code { (user) } }
                }
                p { "The operator gives a role with " code { (command) } " or by a group (" code { "RIQ_OIDC_ROLES" } "). Then sign in again." }
                p.actions { a.button href=(frame.addresses.sign_in()) { "To the sign-in page" } }
            }
        }
    };
    layout::page(frame, "You have no role here yet", &html! {}, &content)
}
