//! The audit log.

use std::collections::BTreeMap;

use integrations_core::{
    audit::{ActorKind, AuditAction},
    catalog::{Catalog, ProviderAccount},
};
use maud::{Markup, html};
use time::Date;

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    value, words,
};
use crate::store::{AuditEntry, IntegrationRow};

/// How many sentences an event shows before the rest is collapsed.
const SENTENCES: usize = 4;

/// What is chosen in the form above the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    /// Only events with this action.
    pub(crate) action: Option<AuditAction>,
    /// Only events about this integration: its provider, with its alias.
    pub(crate) provider: Option<String>,
    /// Only what this one did: a key's or a person's id, `operator` or `system`.
    pub(crate) actor: Option<String>,
    /// Only events of this day or later.
    pub(crate) since: Option<Date>,
    /// Only events of this day or before.
    pub(crate) until: Option<Date>,
}

impl Filters {
    fn are_set(&self) -> bool {
        !self.conditions(None).is_empty()
    }

    /// The conditions of an address, with the event before which the page ends.
    fn conditions(&self, before: Option<&str>) -> Vec<(&'static str, String)> {
        let all = [
            ("action", self.action.map(|action| action.to_string())),
            ("provider", self.provider.clone()),
            ("actor", self.actor.clone()),
            ("since", self.since.map(|day| day.to_string())),
            ("until", self.until.map(|day| day.to_string())),
            ("before", before.map(str::to_owned)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// One page of the log.
#[derive(Debug)]
pub(crate) struct Log<'a> {
    /// The events, newest first.
    pub(crate) events: &'a [AuditEntry],
    /// The filters.
    pub(crate) filters: &'a Filters,
    /// The project's integrations, to choose from.
    pub(crate) integrations: &'a [IntegrationRow],
    /// Whether these are the newest there are.
    pub(crate) is_newest: bool,
    /// The id before which the next page ends, if there is one.
    pub(crate) older: Option<&'a str>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, log: &Log<'_>) -> Markup {
    let address = |before| frame.addresses.audit_where(project.id, &log.filters.conditions(before));
    let content = html! {
        div.head {
            div {
                h1 { "Audit log" }
                p.lead { "Every change in " (project.names.project) ", newest first. It never contains secrets." }
            }
        }
        (filter_form(frame, project, catalog, log))
        @if log.events.is_empty() {
            div.card.empty {
                h2 {
                    @if !log.is_newest { "There is nothing older" }
                    @else if log.filters.are_set() { "Nothing matches" }
                    @else { "Nothing has happened yet" }
                }
            }
        } @else {
            div.card { (events(frame, log.events, &named(catalog, log.events))) }
        }
        nav.pager aria-label="Pages of the log" {
            @if !log.is_newest { a.button href=(address(None)) { "Newest" } }
            @if let Some(older) = log.older { a.button href=(address(Some(older))) rel="next" { "Older" } }
        }
    };
    layout::page(frame, "Audit log", &layout::project_bar(frame, project, Section::Audit), &content)
}

fn filter_form(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, log: &Log<'_>) -> Markup {
    let filters = log.filters;
    let label =
        |name: &str| catalog.account(name).map_or_else(|_| name.to_owned(), |account| account.label());
    html! {
        form.filters method="get" action=(frame.addresses.audit(project.id)) role="search" data-filters {
            div {
                label for="action" { "What happened" }
                select id="action" name="action" aria-describedby="filters-help" {
                    option value="" { "Anything" }
                    @for action in AuditAction::ALL {
                        option value=(action.as_str()) selected[filters.action == Some(action)] {
                            (words::action(action.as_str(), None))
                        }
                    }
                }
            }
            div {
                label for="provider" { "Integration" }
                select id="provider" name="provider" aria-describedby="filters-help" {
                    option value="" { "All integrations" }
                    @for row in log.integrations {
                        option value=(row.provider) selected[filters.provider.as_ref() == Some(&row.provider)] {
                            (row.display_name.clone().unwrap_or_else(|| label(&row.provider)))
                        }
                    }
                }
            }
            div {
                label for="actor" { "Who" }
                select id="actor" name="actor" aria-describedby="filters-help" {
                    option value="" { "Anybody" }
                    @for (id, name) in actors(log) {
                        option value=(id) selected[filters.actor.as_deref() == Some(id)] { (name) }
                    }
                }
            }
            (day("since", "From", filters.since))
            (day("until", "To", filters.until))
            div.filter-actions {
                button type="submit" { "Apply" }
                @if filters.are_set() { a.button.quiet href=(frame.addresses.audit(project.id)) { "Clear" } }
            }
            p.visually-hidden #filters-help {
                "With scripts, a choice takes effect at once. Days are those of UTC."
            }
        }
    }
}

fn day(name: &str, label: &str, day: Option<Date>) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            input type="date" id=(name) name=(name) value=[day.map(|day| day.to_string())] aria-describedby="filters-help";
        }
    }
}

/// Who can be chosen: those who need no id, those who did what is on the page, and the one that is chosen. If nothing
/// that the chosen one did is there, it is named by its id.
fn actors<'a>(log: &'a Log<'_>) -> Vec<(&'a str, &'a str)> {
    let (operator, system) = (ActorKind::Operator.as_str(), ActorKind::System.as_str());
    let mut actors = vec![(operator, "The operator of this server"), (system, "The system")];
    let chosen = log.filters.actor.as_deref().map(|id| (id, id));
    let here = log.events.iter().filter_map(|event| {
        let id = event.actor_id.as_deref()?;
        let names = [&event.actor_key_name, &event.actor_user_name, &event.actor_user_email];
        Some((id, names.into_iter().find_map(|name| name.as_deref()).unwrap_or(id)))
    });
    for (id, name) in here.chain(chosen) {
        if !actors.iter().any(|(known, _)| *known == id) {
            actors.push((id, name));
        }
    }
    actors
}

/// The accounts of providers that events name, as they name them.
pub(crate) type Accounts<'a> = BTreeMap<&'a str, ProviderAccount>;

fn named<'a>(catalog: &Catalog, events: &'a [AuditEntry]) -> Accounts<'a> {
    let names = events.iter().filter_map(|event| event.provider.as_deref());
    names.filter_map(|name| Some((name, catalog.account(name).ok()?))).collect()
}

/// Events as a list.
pub(crate) fn events(frame: &Frame<'_>, events: &[AuditEntry], accounts: &Accounts<'_>) -> Markup {
    html! {
        ol.events { @for event in events { (entry(frame, event, accounts)) } }
    }
}

fn entry(frame: &Frame<'_>, event: &AuditEntry, accounts: &Accounts<'_>) -> Markup {
    let account = event.provider.as_deref().and_then(|name| accounts.get(name));
    let label = account.map(ProviderAccount::label).or_else(|| event.provider.clone());
    let changes = words::changes(&event.changes, account.map(|account| account.provider.as_ref()));
    html! {
        li.event {
            div.event-head {
                strong { (words::action(&event.action, label.as_deref())) }
                span.soft { (moment(frame, event.at)) }
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
