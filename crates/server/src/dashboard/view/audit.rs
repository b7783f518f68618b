//! The audit log.

use std::collections::BTreeMap;

use integrations_core::catalog::{Catalog, ProviderAccount};
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    parts::moment,
    value, words,
};
use crate::store::AuditEntry;

/// How many sentences an event shows before the rest is collapsed.
const SENTENCES: usize = 4;

/// One page of the log.
#[derive(Debug)]
pub(crate) struct Log<'a> {
    /// The events, newest first.
    pub(crate) events: &'a [AuditEntry],
    /// Whether these are the newest there are.
    pub(crate) is_newest: bool,
    /// The address of the events before these, if there are any.
    pub(crate) older: Option<String>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, log: &Log<'_>) -> Markup {
    let content = html! {
        div.head {
            div {
                h1 { "Audit log" }
                p.lead { "Every change in " (project.names.project) ", newest first. It never contains secrets." }
            }
        }
        @if log.events.is_empty() {
            div.card.empty { h2 { @if log.is_newest { "Nothing has happened yet" } @else { "There is nothing older" } } }
        } @else {
            div.card { (events(log.events, &named(catalog, log.events))) }
        }
        nav.pager aria-label="Pages of the log" {
            @if !log.is_newest { a.button href=(frame.addresses.audit(project.id)) { "Newest" } }
            @if let Some(older) = &log.older { a.button href=(older) rel="next" { "Older" } }
        }
    };
    layout::page(frame, "Audit log", &layout::project_bar(frame, project, Section::Audit), &content)
}

/// The accounts of providers that events name, as they name them.
pub(crate) type Accounts<'a> = BTreeMap<&'a str, ProviderAccount>;

fn named<'a>(catalog: &Catalog, events: &'a [AuditEntry]) -> Accounts<'a> {
    let names = events.iter().filter_map(|event| event.provider.as_deref());
    names.filter_map(|name| Some((name, catalog.account(name).ok()?))).collect()
}

/// Events as a list.
pub(crate) fn events(events: &[AuditEntry], accounts: &Accounts<'_>) -> Markup {
    html! {
        ol.events { @for event in events { (entry(event, accounts)) } }
    }
}

fn entry(event: &AuditEntry, accounts: &Accounts<'_>) -> Markup {
    let account = event.provider.as_deref().and_then(|name| accounts.get(name));
    let label = account.map(ProviderAccount::label).or_else(|| event.provider.clone());
    let changes = words::changes(&event.changes, account.map(|account| account.provider.as_ref()));
    html! {
        li.event {
            div.event-head {
                strong { (words::action(&event.action, label.as_deref())) }
                span.soft { (moment(event.at)) }
            }
            @if !changes.is_empty() {
                ul.changes { @for sentence in changes.iter().take(SENTENCES) { li { (value::text(sentence)) } } }
            }
            @if changes.len() > SENTENCES {
                details {
                    summary { (changes.len() - SENTENCES) " more" }
                    ul.changes { @for sentence in &changes[SENTENCES..] { li { (value::text(sentence)) } } }
                }
            }
            p.event-by {
                "By " (actor(event))
                @if let Some(id) = &event.request_id { " · request " code { (id) } }
            }
        }
    }
}

fn actor(event: &AuditEntry) -> Markup {
    html! {
        @match event.actor_kind.as_str() {
            "api_key" => {
                @match (&event.actor_key_name, &event.actor_key_hint) {
                    (Some(name), Some(hint)) => { (name) " " code { (hint) "…" } }
                    _ => { "the key " code { (event.actor_id.as_deref().unwrap_or("?")) } }
                }
            }
            "user" => {
                @match (&event.actor_user_name, &event.actor_user_email) {
                    (Some(name), Some(email)) => { (name) " " code { (email) } }
                    (Some(one), None) | (None, Some(one)) => { (one) }
                    (None, None) => { "the person " code { (event.actor_id.as_deref().unwrap_or("?")) } }
                }
            }
            "operator" => { "the operator of this server" }
            _ => { "the system" }
        }
    }
}
