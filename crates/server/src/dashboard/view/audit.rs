//! The audit log.

use std::collections::BTreeMap;

use integrations_core::catalog::{Catalog, Provider};
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    parts::moment,
    words,
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
            div.card { (events(log.events, &by_key(catalog, log.events))) }
        }
        nav.pager aria-label="Pages of the log" {
            @if !log.is_newest { a.button href=(frame.addresses.audit(project.id)) { "Newest" } }
            @if let Some(older) = &log.older { a.button href=(older) rel="next" { "Older" } }
        }
    };
    layout::page(frame, "Audit log", &layout::project_bar(frame, project, Section::Audit), &content)
}

/// The providers that events name, by key.
pub(crate) type Providers<'a> = BTreeMap<&'a str, &'a Provider>;

fn by_key<'a>(catalog: &'a Catalog, events: &'a [AuditEntry]) -> Providers<'a> {
    let keys = events.iter().filter_map(|event| event.provider.as_deref());
    keys.filter_map(|key| Some((key, catalog.get(key)?.as_ref()))).collect()
}

/// Events as a list.
pub(crate) fn events(events: &[AuditEntry], providers: &Providers<'_>) -> Markup {
    html! {
        ol.events { @for event in events { (entry(event, providers)) } }
    }
}

fn entry(event: &AuditEntry, providers: &Providers<'_>) -> Markup {
    let provider = event.provider.as_deref().and_then(|key| providers.get(key).copied());
    let name = provider.map(|provider| provider.name.as_str()).or(event.provider.as_deref());
    let changes = words::changes(&event.changes, provider);
    html! {
        li.event {
            div.event-head {
                strong { (words::action(&event.action, name)) }
                span.soft { (moment(event.at)) }
            }
            @if !changes.is_empty() {
                ul.changes { @for sentence in changes.iter().take(SENTENCES) { li { (sentence) } } }
            }
            @if changes.len() > SENTENCES {
                details {
                    summary { (changes.len() - SENTENCES) " more" }
                    ul.changes { @for sentence in &changes[SENTENCES..] { li { (sentence) } } }
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
                    _ => { "the key " code { (event.actor_key_id.as_deref().unwrap_or("?")) } }
                }
            }
            "operator" => { "the operator of this server" }
            _ => { "the system" }
        }
    }
}
