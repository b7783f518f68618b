//! The runs of a project, as a list.

use std::collections::BTreeMap;

use integrations_core::{
    action::RunStatus,
    audit::ActorKind,
    catalog::{Catalog, ProviderAccount},
    ids::RunId,
};
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::pill,
    value, words,
};
use crate::store::{IntegrationRow, RunRow};

/// What is chosen in the form above the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    /// Only runs of this integration: its provider, with its alias.
    pub(crate) provider: Option<String>,
    /// Only runs of this action.
    pub(crate) action: Option<String>,
    /// Only runs with this status.
    pub(crate) status: Option<RunStatus>,
}

impl Filters {
    fn are_set(&self) -> bool {
        self.provider.is_some() || self.action.is_some() || self.status.is_some()
    }

    /// The conditions of an address, with the run before which the page ends.
    fn conditions<'a>(&'a self, before: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
        let status = self.status.map(RunStatus::as_str);
        let all = [
            ("provider", self.provider.as_deref()),
            ("action", self.action.as_deref()),
            ("status", status),
            ("before", before),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// One page of the list.
#[derive(Debug)]
pub(crate) struct RunList<'a> {
    /// The runs, newest first.
    pub(crate) runs: &'a [RunRow],
    /// The names of who called, by their ids.
    pub(crate) names: &'a BTreeMap<String, String>,
    /// The project's integrations, to choose from.
    pub(crate) integrations: &'a [IntegrationRow],
    /// The filters.
    pub(crate) filters: &'a Filters,
    /// Whether these are the newest there are.
    pub(crate) is_newest: bool,
    /// The id before which the next page ends, if there is one.
    pub(crate) older: Option<&'a str>,
}

/// Renders it.
pub(crate) fn page(
    frame: &Frame<'_>,
    project: &Project<'_>,
    catalog: &Catalog,
    list: &RunList<'_>,
) -> Markup {
    let address = |before| frame.addresses.runs_where(project.id, &list.filters.conditions(before));
    let content = html! {
        div.head {
            div {
                h1 { "Runs" }
                p.lead { "Every call of an action in " (project.names.project) ", and what came of it, newest first." }
            }
        }
        (filter_form(frame, project, catalog, list))
        @if list.runs.is_empty() {
            div.card.empty {
                h2 {
                    @if !list.is_newest { "There is nothing older" }
                    @else if list.filters.are_set() { "Nothing matches" }
                    @else { "Nothing has been called yet" }
                }
            }
        } @else {
            div.card { ol.events { @for run in list.runs { (entry(frame, project, catalog, list, run)) } } }
        }
        nav.pager aria-label="Pages of the list" {
            @if !list.is_newest { a.button href=(address(None)) { "Newest" } }
            @if let Some(older) = list.older { a.button href=(address(Some(older))) rel="next" { "Older" } }
        }
    };
    layout::page(frame, "Runs", &layout::project_bar(frame, project, Section::Runs), &content)
}

fn filter_form(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, list: &RunList<'_>) -> Markup {
    let filters = list.filters;
    let label =
        |name: &str| catalog.account(name).map_or_else(|_| name.to_owned(), |account| account.label());
    let account = filters.provider.as_deref().and_then(|name| catalog.account(name).ok());
    let chosen = |one: &str, wanted: &Option<String>| wanted.as_deref() == Some(one);
    html! {
        form.filters method="get" action=(frame.addresses.runs(project.id)) role="search" data-filters {
            div {
                label for="provider" { "Integration" }
                select id="provider" name="provider" aria-describedby="filters-help" {
                    option value="" { "All integrations" }
                    @for row in list.integrations {
                        option value=(row.provider) selected[chosen(&row.provider, &filters.provider)] {
                            (row.display_name.clone().unwrap_or_else(|| label(&row.provider)))
                        }
                    }
                }
            }
            @if let Some(account) = &account {
                div {
                    label for="action" { "Action" }
                    select id="action" name="action" aria-describedby="filters-help" {
                        option value="" { "All actions" }
                        @for action in account.provider.actions.iter() {
                            option value=(action.key) selected[chosen(&action.key, &filters.action)] { (action.label) }
                        }
                    }
                }
            }
            div {
                label for="status" { "End" }
                select id="status" name="status" aria-describedby="filters-help" {
                    option value="" { "Any" }
                    @for status in RunStatus::ALL {
                        option value=(status.as_str()) selected[filters.status == Some(status)] {
                            (words::run_status(status).1)
                        }
                    }
                }
            }
            div.filter-actions {
                button type="submit" { "Apply" }
                @if filters.are_set() { a.button.quiet href=(frame.addresses.runs(project.id)) { "Clear" } }
            }
            p.visually-hidden #filters-help { "With scripts, a choice takes effect at once." }
        }
    }
}

fn entry(
    frame: &Frame<'_>,
    project: &Project<'_>,
    catalog: &Catalog,
    list: &RunList<'_>,
    run: &RunRow,
) -> Markup {
    let account = catalog.account(&run.provider).ok();
    let title = title(account.as_ref(), &run.provider, &run.action);
    html! {
        li.event {
            div.event-head {
                strong {
                    @match run.id.parse::<RunId>() {
                        Ok(id) => a href=(frame.addresses.run(project.id, id)) { (title) },
                        Err(_) => (title),
                    }
                }
                span.soft { (moment(frame, run.created_at)) }
            }
            p.run-end {
                (status_pill(&run.status))
                @if let Some(error) = &run.error_message { span.bad-text { (value::text(error)) } }
            }
            p.event-by { "By " (caller(&run.principal, list.names.get(&run.principal).map(String::as_str))) }
        }
    }
}

/// What is called: the account and the action, in their own words if they are known.
pub(crate) fn title(account: Option<&ProviderAccount>, provider: &str, action: &str) -> String {
    let label =
        account.and_then(|account| account.provider.action(action)).map(|action| action.label.as_str());
    let account = account.map_or_else(|| provider.to_owned(), ProviderAccount::label);
    format!("{account}: {}", label.unwrap_or(action))
}

/// A stored status. One that this server does not know is shown as it is.
pub(crate) fn status_pill(status: &str) -> Markup {
    match status.parse::<RunStatus>() {
        Ok(status) => {
            let (tone, words) = words::run_status(status);
            pill(tone, words)
        }
        Err(_) => html! { code { (status) } },
    }
}

/// Who called or decided: the name if it is known, and the id.
pub(crate) fn caller(id: &str, name: Option<&str>) -> Markup {
    html! {
        @match name {
            None if id == ActorKind::System.as_str() => { "This server, by the approval policy" }
            Some(name) => { (value::text(name)) " " code { (id) } }
            None => code { (id) },
        }
    }
}
