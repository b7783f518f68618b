//! An organization's API keys: the list, the form for one more, and the page that shows a new key once.

use std::collections::BTreeMap;

use integrations_core::{
    ids::{ApiKeyId, UserId},
    scope::RequiredScope,
};
use maud::{Markup, html};
use time::OffsetDateTime;

use super::{
    frame::Frame,
    key_form::{self, Values},
    layout::{self, Organization, OrganizationSection},
    moment::moment,
    parts::{Tone, copied, csrf, notice, pill},
    provider_page::{RefusedForm, refusal},
};
use crate::{
    dashboard::key_form::Choices,
    store::{ApiKeyRecord, ProjectRecord},
};

/// What people call what the record of a key names by its id.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// The keys that who looks may see.
    pub(crate) keys: &'a [ApiKeyRecord],
    /// The people who made keys, or for whom keys act.
    pub(crate) people: BTreeMap<UserId, String>,
    /// The projects that who looks may see, archived ones too.
    pub(crate) projects: &'a [ProjectRecord],
}

impl Names<'_> {
    /// A key or a person. What is not known is shown by its id.
    pub(super) fn who(&self, id: &str) -> String {
        let person = id.parse().ok().and_then(|id: UserId| self.people.get(&id).cloned());
        let key = || self.keys.iter().find(|key| key.id == id).map(|key| format!("the key {}", key.name));
        person.or_else(key).unwrap_or_else(|| id.to_owned())
    }

    /// Who made a key.
    pub(super) fn maker(&self, key: &ApiKeyRecord) -> String {
        key.made_by.as_deref().map_or_else(|| "the operator of this server".to_owned(), |id| self.who(id))
    }

    /// Where a key works.
    pub(super) fn places(&self, key: &ApiKeyRecord) -> String {
        let Some(ids) = &key.project_ids else { return "All projects".to_owned() };
        let name = |id: &String| match self.projects.iter().find(|project| project.id == *id) {
            Some(project) if project.revoked_at.is_some() => format!("{} (archived)", project.name),
            Some(project) => project.name.clone(),
            None => id.clone(),
        };
        ids.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// What the list shows.
#[derive(Debug)]
pub(crate) struct KeysPage<'a> {
    /// Whose keys they are.
    pub(crate) organization: Organization<'a>,
    /// The names, and with them the keys.
    pub(crate) names: &'a Names<'a>,
    /// When it is shown.
    pub(crate) now: OffsetDateTime,
}

/// Whether a key was revoked or has expired.
pub(super) fn has_ended(key: &ApiKeyRecord, now: OffsetDateTime) -> bool {
    key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now)
}

/// Renders the list.
pub(crate) fn page(frame: &Frame<'_>, page: &KeysPage<'_>) -> Markup {
    let (ended, valid): (Vec<_>, Vec<_>) = page.names.keys.iter().partition(|key| has_ended(key, page.now));
    let content = html! {
        div.head {
            div {
                p.eyebrow { (page.organization.name) }
                h1 { "API keys" }
                p.lead { "Programs use them. A key itself is shown once, when it is made." }
            }
            @if frame.may(RequiredScope::KEYS_ADMIN) {
                a.button.primary href=(frame.addresses.new_key(page.organization.id)) { "New key" }
            }
        }
        @if valid.is_empty() {
            div.card.empty { h2 { "No key works now" } }
        } @else {
            ul.rows.card { @for key in valid { (row(frame, page, key)) } }
        }
        @if !ended.is_empty() {
            h2.shelf { "Revoked or expired" span.count { (ended.len()) } }
            ul.rows.card { @for key in ended { (row(frame, page, key)) } }
        }
    };
    let above = layout::organization_bar(frame, &page.organization, OrganizationSection::Keys);
    layout::page(frame, "API keys", &above, &content)
}

fn row(frame: &Frame<'_>, page: &KeysPage<'_>, key: &ApiKeyRecord) -> Markup {
    // This cannot fail, because only ids are stored.
    let Ok(id) = key.id.parse::<ApiKeyId>() else { return html! {} };
    html! {
        li.row {
            div.row-main {
                // Those that have ended stand below a heading of their own.
                @let title = html! {
                    a.stretched href=(frame.addresses.key(page.organization.id, id)) { (key.name) }
                    " " code { (key.hint) "…" }
                };
                @if has_ended(key, page.now) { h3.row-title { (title) } } @else { h2.row-title { (title) } }
                p.row-note { @for (at, scope) in key.scopes.iter().enumerate() { @if at > 0 { ", " } code { (scope) } } }
                p.row-note { (page.names.places(key)) " · tier " (key.tier) " · made by " (page.names.maker(key)) }
            }
            div.row-side.key-facts {
                span.soft { (last_use(frame, key)) }
                span.soft { (end(frame, key, page.now)) }
            }
        }
    }
}

/// When a key was last used.
pub(super) fn last_use(frame: &Frame<'_>, key: &ApiKeyRecord) -> Markup {
    html! { @match key.last_used_at { Some(at) => { "Last used " (moment(frame, at)) }, None => "Never used" } }
}

/// When a key ends, or ended.
pub(super) fn end(frame: &Frame<'_>, key: &ApiKeyRecord, now: OffsetDateTime) -> Markup {
    html! {
        @match (key.revoked_at, key.expires_at) {
            (Some(at), _) => { "Revoked " (moment(frame, at)) },
            (None, Some(at)) if at <= now => { "Expired " (moment(frame, at)) },
            (None, Some(at)) => { "Ends " (moment(frame, at)) },
            (None, None) => "No end",
        }
    }
}

/// The page on which a key is made.
pub(crate) fn new_key(
    frame: &Frame<'_>,
    organization: &Organization<'_>,
    choices: &Choices,
    projects: &[ProjectRecord],
    refused: Option<&RefusedForm>,
) -> Markup {
    let values = Values { typed: refused, stored: None };
    let content = html! {
        @if let Some(refused) = refused { (refusal(refused)) }
        div.head {
            div {
                p.eyebrow { (organization.name) }
                h1 { "New API key" }
                p.lead { "Give it no more than the program needs. It cannot do more than you can." }
                p.help { "An agent needs " code { "actions:read" } " and " code { "actions:write" } ", and nothing else." }
            }
        }
        div.card {
            form method="post" action=(frame.addresses.keys(organization.id)) data-once {
                (csrf(frame))
                (key_form::name(&values))
                (key_form::scopes(&values, choices))
                (key_form::projects(&values, choices, projects))
                (key_form::life(&values, choices))
                (key_form::tier(&values, choices))
                div.actions.foot {
                    button.primary type="submit" { "Create the key" }
                    a.button.quiet href=(frame.addresses.keys(organization.id)) { "Cancel" }
                }
            }
        }
    };
    let above = layout::organization_bar(frame, organization, OrganizationSection::Key);
    layout::page(frame, "New API key", &above, &content)
}

/// A key that was just made.
#[derive(Debug)]
pub(crate) struct NewKey<'a> {
    /// The key itself.
    pub(crate) text: &'a str,
    /// What is stored of it.
    pub(crate) record: &'a ApiKeyRecord,
    /// The key that it replaces, with its end.
    pub(crate) replaced: Option<&'a ApiKeyRecord>,
    /// When it is shown.
    pub(crate) now: OffsetDateTime,
}

/// The only page that shows a key itself.
pub(crate) fn issued(frame: &Frame<'_>, organization: &Organization<'_>, key: &NewKey<'_>) -> Markup {
    let id = key.record.id.parse::<ApiKeyId>().ok();
    let title = if key.replaced.is_some() { "The new key" } else { "The key is made" };
    let content = html! {
        div.narrow {
            div.card {
                h1 { (title) }
                p { strong { (key.record.name) } " " (pill(Tone::Calm, &key.record.tier)) }
                p.help { "The API key" }
                (copied("key", key.text))
                (notice(Tone::Warn, &html! {
                    p { strong { "Store it now. " } "It is not shown again: only its hash is kept here." }
                }))
                (key_form::agent_notice(key.record))
                @if let Some(old) = key.replaced {
                    p {
                        @if has_ended(old, key.now) {
                            "The old key " code { (old.hint) "…" } " has stopped. Programs that still use it are refused."
                        } @else if let Some(end) = old.expires_at {
                            "The old key " code { (old.hint) "…" } " stops " (moment(frame, end)) "."
                        }
                    }
                }
                div.actions.foot {
                    @if let Some(id) = id {
                        a.button href=(frame.addresses.key(organization.id, id)) { "I have stored it" }
                    }
                }
            }
        }
    };
    let above = layout::organization_bar(frame, organization, OrganizationSection::Key);
    layout::page(frame, title, &above, &content)
}
