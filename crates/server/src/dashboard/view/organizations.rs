//! The choice of an organization.

use integrations_core::ids::OrganizationId;
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout,
    parts::{Tone, csrf, pill},
};
use crate::store::Membership;

/// Renders the organizations in which a person has a role. `here` is the one that the session works on.
pub(crate) fn page(
    frame: &Frame<'_>,
    here: OrganizationId,
    organizations: &[Membership],
    return_to: Option<&str>,
) -> Markup {
    let content = html! {
        div.head { div { h1 { "Organizations" } p.lead { "Choose the one that you want to work on." } } }
        @if organizations.is_empty() {
            div.card.empty { p { "An API key belongs to one organization. Sign in as a person to change it." } }
        } @else {
            ul.rows.card {
                @for one in organizations { (row(frame, one, one.organization == here, return_to)) }
            }
        }
    };
    layout::page(frame, "Organizations", &html! {}, &content)
}

fn row(frame: &Frame<'_>, one: &Membership, is_here: bool, return_to: Option<&str>) -> Markup {
    html! {
        li.row {
            div.row-main {
                h2.row-title { (one.name) }
                p.row-note { "You are " (one.role) " here. " code { (one.organization) } }
            }
            div.row-side {
                @if is_here { (pill(Tone::Calm, "Chosen")) }
                form method="post" action=(frame.addresses.organizations()) data-once {
                    (csrf(frame))
                    input type="hidden" name="organization" value=(one.organization);
                    @if let Some(page) = return_to { input type="hidden" name="return_to" value=(page); }
                    button type="submit" { @if is_here { "Stay" } @else { "Work on it" }
                        span.visually-hidden { ": " (one.name) } }
                }
            }
        }
    }
}
