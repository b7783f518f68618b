//! A project's accounts of one provider: in the list of integrations, and on the provider's page.

use integrations_core::{
    catalog::{Provider, ProviderRef},
    scope::RequiredScope,
};
use maud::{Markup, html};

use super::{
    badge,
    field::{Field, Presence, Text},
    frame::Frame,
    layout::Project,
    moment::moment,
    parts::{self, csrf, emblem},
    provider_page::{Part, ProviderPage},
    words,
};
use crate::store::IntegrationRow;

/// A provider in the list of integrations, with the project's accounts of it that match the filters.
pub(crate) fn in_list(
    frame: &Frame<'_>,
    project: &Project<'_>,
    provider: &Provider,
    rows: &[&IntegrationRow],
) -> Markup {
    match rows {
        [row] => html! {
            li.row {
                (emblem(frame, provider))
                (account(frame, project, provider, row, &Place::Alone))
            }
        },
        _ => html! {
            li.group {
                div.group-head {
                    (emblem(frame, provider))
                    div {
                        h3.row-title { (provider.name) }
                        p.row-note { (words::category(provider.category)) " · " (rows.len()) " accounts" }
                    }
                }
                ul.accounts { @for row in rows { li.row { (account(frame, project, provider, row, &Place::Group)) } } }
            }
        },
    }
}

/// Where an account stands.
enum Place {
    /// In the list of integrations, for its provider.
    Alone,
    /// There, among others below their provider.
    Group,
    /// On the page of another account.
    Page,
}

/// An account: its name, which leads to its page, and its state.
fn account(
    frame: &Frame<'_>,
    project: &Project<'_>,
    provider: &Provider,
    row: &IntegrationRow,
    place: &Place,
) -> Markup {
    let link = html! {
        a.stretched href=(frame.addresses.provider(project.id, &row.provider)) { (name(provider, row)) }
    };
    html! {
        div.row-main {
            @match place {
                Place::Group => h4.row-title { (link) },
                Place::Alone | Place::Page => h3.row-title { (link) },
            }
            p.row-note {
                @match place {
                    Place::Alone => {
                        @if row.display_name.is_some() { (label(provider, row)) " · " }
                        (words::category(provider.category))
                    }
                    Place::Group | Place::Page => code { (row.provider) },
                }
                @if let Some(at) = row.last_synced_at { " · good answer " (moment(frame, at)) }
                @if let Some(error) = &row.error_message { br; span.bad-text { (error) } }
            }
        }
        div.row-side.states {
            (badge::of_row(row))
            @if badge::needs_reconnection(row) && frame.may(RequiredScope::INTEGRATIONS_WRITE) {
                (reconnection(frame, project, provider, row))
            }
        }
    }
}

/// The name of an account for people.
pub(crate) fn name(provider: &Provider, row: &IntegrationRow) -> String {
    row.display_name.clone().unwrap_or_else(|| label(provider, row))
}

fn label(provider: &Provider, row: &IntegrationRow) -> String {
    row.alias().map_or_else(|| provider.name.clone(), |alias| format!("{} ({alias})", provider.name))
}

/// The way to connect an account again that does not work any more. If the provider needs nothing to be typed for that,
/// it leads there at once.
fn reconnection(
    frame: &Frame<'_>,
    project: &Project<'_>,
    provider: &Provider,
    row: &IntegrationRow,
) -> Markup {
    let name = name(provider, row);
    let needs_nothing = provider.oauth_by_app().is_some() && provider.connection.is_empty();
    let is_by_it = row.setup_type == provider.setup_type().as_str();
    let label = html! { "Reconnect" span.visually-hidden { " " (name) } };
    html! {
        @if needs_nothing && is_by_it {
            form method="post" action=(frame.addresses.to(project.id, &row.provider, "connect")) data-once {
                (csrf(frame))
                input type="hidden" name="auth" value=(provider.auth.as_str());
                button.small-button type="submit" { (label) }
            }
        } @else {
            a.button.small-button href={ (frame.addresses.provider(project.id, &row.provider)) "#connection" } { (label) }
        }
    }
}

/// The part of a provider's page with the project's other accounts of it, and the form for one more.
pub(super) fn part(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let provider = page.provider();
    let others: Vec<&IntegrationRow> =
        page.accounts.iter().filter(|row| row.provider != page.account.as_str()).collect();
    let about = html! {
        p { "Each account of " (provider.name) " has its own credential, settings and permissions." }
    };
    let card = html! {
        @if others.is_empty() {
            p.meaning { "There is no other account of " (provider.name) " in this project." }
        } @else {
            ul.accounts { @for row in &others { li.row { (account(frame, &page.project, provider, row, &Place::Page)) } } }
        }
        @if frame.may(RequiredScope::INTEGRATIONS_WRITE) { (form(frame, page)) }
    };
    html! { @if !page.accounts.is_empty() { (parts::part("accounts", "Other accounts", &about, &card)) } }
}

fn form(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let refused = page.refused_in(Part::Accounts);
    let key = &page.provider().key;
    let field = Field {
        name: "alias",
        label: "Name of another account",
        help: Some(
            "Lower-case letters, digits and hyphens. It stands in addresses, and cannot be changed later.",
        ),
        problem: refused.and_then(|refused| refused.problem("alias")),
        presence: Presence::Required,
    };
    let text = Text {
        value: refused.and_then(|refused| refused.typed.get("alias")).unwrap_or_default(),
        example: Some("eu"),
        prefix: Some(&format!("{key}~")),
        longest: Some(ProviderRef::MAX_ALIAS_LEN as u64),
        ..Text::default()
    };
    html! {
        form.divided method="post" action=(page.to(frame, "accounts")) data-once {
            (csrf(frame))
            (field.text(&text))
            div.actions.foot { button.primary type="submit" { "Go on to connect it" } }
        }
    }
}
