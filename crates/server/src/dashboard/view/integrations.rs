//! A project's integrations: the installed ones first, then the available ones.

use integrations_core::{
    catalog::{Category, Provider},
    standing::Standing,
};
use maud::{Markup, html};

use super::{
    accounts,
    frame::Frame,
    layout::{self, Project, Section},
    parts::monogram,
    words,
};
use crate::store::IntegrationRow;

/// The filters of the page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    /// Free text.
    pub(crate) q: String,
    /// Only this category.
    pub(crate) category: Option<Category>,
    /// Only providers with this status.
    pub(crate) standing: Option<Standing>,
}

impl Filters {
    fn are_set(&self) -> bool {
        !self.q.is_empty() || self.category.is_some() || self.standing.is_some()
    }
}

/// The providers that match the filters.
#[derive(Debug)]
pub(crate) struct Shelves<'a> {
    /// Installed providers, with their accounts. Those that need attention come first.
    pub(crate) installed: Vec<(&'a Provider, Vec<&'a IntegrationRow>)>,
    /// Providers that are not installed.
    pub(crate) available: Vec<&'a Provider>,
}

/// Renders it.
pub(crate) fn page(
    frame: &Frame<'_>,
    project: &Project<'_>,
    filters: &Filters,
    shelves: &Shelves<'_>,
) -> Markup {
    let content = html! {
        div.head {
            div {
                h1 { "Integrations" }
                p.lead { "What " (project.names.project) " is connected to, and what else it can connect to." }
            }
        }
        (filter_form(frame, project, filters))
        @if shelves.installed.is_empty() && shelves.available.is_empty() {
            div.card.empty {
                h2 { "Nothing matches" }
                p { a href=(frame.addresses.project(project.id)) { "Show all integrations" } }
            }
        }
        @if !shelves.installed.is_empty() {
            section aria-labelledby="installed" {
                h2.shelf #installed { "Installed " span.count { (shelves.installed.len()) } }
                ul.rows.card {
                    @for (provider, rows) in &shelves.installed { (accounts::in_list(frame, project, provider, rows)) }
                }
            }
        }
        @if !shelves.available.is_empty() {
            section aria-labelledby="available" {
                h2.shelf #available { "Available " span.count { (shelves.available.len()) } }
                ul.grid {
                    @for provider in &shelves.available { (available(frame, project, provider)) }
                }
            }
        }
    };
    layout::page(frame, "Integrations", &layout::project_bar(frame, project, Section::Integrations), &content)
}

fn filter_form(frame: &Frame<'_>, project: &Project<'_>, filters: &Filters) -> Markup {
    html! {
        form.filters method="get" action=(frame.addresses.project(project.id)) role="search" data-filters {
            div {
                label for="q" { "Search" }
                input type="search" id="q" name="q" value=(filters.q) placeholder="Name or purpose" autocomplete="off";
            }
            div {
                label for="category" { "Category" }
                select id="category" name="category" aria-describedby="filters-help" {
                    option value="" { "All categories" }
                    @for category in Category::ALL.iter().copied() {
                        option value=(category) selected[filters.category == Some(category)] { (words::category(category)) }
                    }
                }
            }
            div {
                label for="status" { "Status" }
                select id="status" name="status" aria-describedby="filters-help" {
                    option value="" { "Any status" }
                    @for standing in Standing::ALL {
                        option value=(standing.as_str()) selected[filters.standing == Some(standing)] { (in_words(standing)) }
                    }
                }
            }
            div.filter-actions {
                button type="submit" { "Apply" }
                @if filters.are_set() { a.button.quiet href=(frame.addresses.project(project.id)) { "Clear" } }
            }
            p.visually-hidden #filters-help { "With scripts, a choice takes effect at once." }
        }
    }
}

const fn in_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Available => "Not connected",
        Standing::Installed(status) => words::status(status).1,
    }
}

fn available(frame: &Frame<'_>, project: &Project<'_>, provider: &Provider) -> Markup {
    html! {
        li.card.tile {
            div.tile-head {
                (monogram(provider))
                div {
                    h3.row-title {
                        a.stretched href=(frame.addresses.provider(project.id, provider.key.as_str())) { (provider.name) }
                    }
                    p.row-note { (words::category(provider.category)) }
                }
            }
            p.tile-text { (provider.description) }
        }
    }
}
