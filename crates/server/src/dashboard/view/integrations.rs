//! A project's integrations: the installed ones first, then the available ones.

use integrations_core::{
    catalog::{Category, Provider},
    standing::Standing,
    words::words,
};
use maud::{Markup, html};

use super::{
    accounts,
    frame::Frame,
    layout::{self, Project, Section},
    parts::emblem,
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
    /// The order.
    pub(crate) sort: Sort,
}

words! {
    /// The order of what is installed.
    pub(crate) enum Sort {
        /// What needs attention first.
        Status = "status",
        /// By name.
        Name = "name",
        /// What answered well last, first.
        Answered = "answered",
    }
}

#[expect(clippy::derivable_impls, reason = "what derives is in the macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Status
    }
}

impl Sort {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Status => "By status",
            Self::Name => "By name",
            Self::Answered => "By last answer",
        }
    }
}

impl Filters {
    fn are_set(&self) -> bool {
        !self.q.is_empty() || self.category.is_some() || self.standing.is_some()
    }

    /// The conditions of the address of a page.
    fn conditions(&self, number: usize) -> Vec<(&'static str, String)> {
        let sort = (self.sort != Sort::default()).then(|| self.sort.to_string());
        let all = [
            ("q", (!self.q.is_empty()).then(|| self.q.clone())),
            ("category", self.category.map(|category| category.to_string())),
            ("status", self.standing.map(|standing| standing.as_str().to_owned())),
            ("sort", sort),
            ("page", (number > 1).then(|| number.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// One page of the list.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// What is on it.
    pub(crate) shelves: Shelves<'a>,
    /// How many providers with accounts there are on all pages.
    pub(crate) installed: usize,
    /// How many providers without one there are on all pages.
    pub(crate) available: usize,
    /// Its number, from 1.
    pub(crate) number: usize,
    /// The number of the last page.
    pub(crate) last: usize,
    /// How much stands on the pages before it: accounts, and providers without one.
    pub(crate) from: usize,
    /// How much stands on all pages.
    pub(crate) total: usize,
}

/// Providers that match the filters.
#[derive(Debug)]
pub(crate) struct Shelves<'a> {
    /// Installed providers, with their accounts.
    pub(crate) installed: Vec<(&'a Provider, Vec<&'a IntegrationRow>)>,
    /// Providers that are not installed.
    pub(crate) available: Vec<&'a Provider>,
}

/// Renders it.
pub(crate) fn page(
    frame: &Frame<'_>,
    project: &Project<'_>,
    filters: &Filters,
    listing: &Listing<'_>,
) -> Markup {
    let shelves = &listing.shelves;
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
                h2.shelf #installed { "Installed " span.count { (listing.installed) } }
                ul.rows.card {
                    @for (provider, rows) in &shelves.installed { (accounts::in_list(frame, project, provider, rows)) }
                }
            }
        }
        @if !shelves.available.is_empty() {
            section aria-labelledby="available" {
                h2.shelf #available { "Available " span.count { (listing.available) } }
                ul.grid {
                    @for provider in &shelves.available { (available(frame, project, provider)) }
                }
            }
        }
        (pager(frame, project, filters, listing))
    };
    layout::page(frame, "Integrations", &layout::project_bar(frame, project, Section::Integrations), &content)
}

fn filter_form(frame: &Frame<'_>, project: &Project<'_>, filters: &Filters) -> Markup {
    html! {
        form.filters method="get" action=(frame.addresses.project(project.id)) role="search" data-filters {
            div {
                label for="q" { "Search" }
                input type="search" id="q" name="q" value=(filters.q) placeholder="Name or purpose" autocomplete="off" aria-describedby="filters-help";
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
            div {
                label for="sort" { "Order" }
                select id="sort" name="sort" aria-describedby="filters-help" {
                    @for sort in Sort::ALL {
                        // What is not chosen stays out of the address.
                        @let value = if sort == Sort::default() { "" } else { sort.as_str() };
                        option value=(value) selected[filters.sort == sort] { (sort.in_words()) }
                    }
                }
            }
            div.filter-actions {
                button type="submit" { "Apply" }
                @if filters.are_set() { a.button.quiet href=(frame.addresses.project(project.id)) { "Clear" } }
            }
            p.visually-hidden #filters-help { "With scripts, a choice takes effect at once, and the search as you type." }
        }
    }
}

const fn in_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Available => "Not connected",
        Standing::Installed(status) => words::status(status),
    }
}

/// The ways to the other pages, and where this one is among them.
fn pager(frame: &Frame<'_>, project: &Project<'_>, filters: &Filters, listing: &Listing<'_>) -> Markup {
    let &Listing { number, last, from, total, .. } = listing;
    let to = |number| frame.addresses.project_where(project.id, &filters.conditions(number));
    let here: usize = listing.shelves.installed.iter().map(|(_, rows)| rows.len()).sum();
    let here = here + listing.shelves.available.len();
    html! {
        @if last > 1 {
            nav.pager aria-label="Pages of the list" {
                @if number > 1 { a.button href=(to(number - 1)) rel="prev" { "Previous" } }
                @if number < last { a.button href=(to(number + 1)) rel="next" { "Next" } }
                p.soft { (from + 1) "–" (from + here) " of " (total) }
            }
        }
    }
}

fn available(frame: &Frame<'_>, project: &Project<'_>, provider: &Provider) -> Markup {
    html! {
        li.card.tile {
            div.tile-head {
                (emblem(frame, provider))
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
