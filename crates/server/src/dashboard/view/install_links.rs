//! The install links of a project, as a list.

use integrations_core::{
    catalog::{Catalog, ProviderAccount},
    install_link::LinkStatus,
    scope::RequiredScope,
};
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, pill},
};
use crate::store::InstallLink;

/// A link, and how far it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The link.
    pub(crate) link: &'a InstallLink,
    /// How far it is.
    pub(crate) status: LinkStatus,
}

/// One page of the list.
#[derive(Debug)]
pub(crate) struct LinkList<'a> {
    /// The links, newest first.
    pub(crate) rows: &'a [Row<'a>],
    /// Whether these are the newest there are.
    pub(crate) is_newest: bool,
    /// The address of the next page, if there is one.
    pub(crate) older: Option<String>,
    /// Whether one was just ended.
    pub(crate) has_just_ended: bool,
}

/// Renders it.
pub(crate) fn page(
    frame: &Frame<'_>,
    project: &Project<'_>,
    catalog: &Catalog,
    list: &LinkList<'_>,
) -> Markup {
    let address = frame.addresses.install_links(project.id);
    let content = html! {
        @if list.has_just_ended {
            (notice(Tone::Good, &html! { p { "The link is ended. Nothing can be installed with it any more." } }))
        }
        div.head {
            div {
                h1 { "Install links" }
                p.lead { "What your programs made so that people can connect something in " (project.names.project) ", newest first." }
            }
        }
        @if list.rows.is_empty() {
            div.card.empty {
                h2 { @if list.is_newest { "There are no install links" } @else { "There is nothing older" } }
                p { "The API makes one with " code { "install-url" } ". It is kept for a day after it has expired." }
            }
        } @else {
            ul.rows.card { @for row in list.rows { (entry(frame, project, catalog, row)) } }
        }
        nav.pager aria-label="Pages of the list" {
            @if !list.is_newest { a.button href=(address) { "Newest" } }
            @if let Some(older) = &list.older { a.button href=(older) rel="next" { "Older" } }
        }
    };
    layout::page(
        frame,
        "Install links",
        &layout::project_bar(frame, project, Section::InstallLinks),
        &content,
    )
}

fn entry(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, row: &Row<'_>) -> Markup {
    let (link, request) = (row.link, &row.link.request);
    let account = catalog.account(&link.provider).ok();
    let name = account.as_ref().map_or_else(|| link.provider.clone(), ProviderAccount::label);
    let is_open = row.status == LinkStatus::Open;
    html! {
        li.row {
            div.row-main {
                h2.row-title { (name) }
                p.row-note {
                    @match (row.status, link.used_at, link.ended_at) {
                        (LinkStatus::Used, Some(at), _) => { "Used " (moment(frame, at)) },
                        (LinkStatus::Ended, _, Some(at)) => { "Ended " (moment(frame, at)) },
                        (LinkStatus::Expired, ..) => { "Expired " (moment(frame, link.expires_at)) },
                        _ => { "Expires " (moment(frame, link.expires_at)) },
                    }
                    @if let Some(url) = &request.return_url { " · leads back to " (url.host()) }
                    @if let Some(account) = &request.expected_account { " · for the account " (account) " only" }
                }
                p.row-note { code { (link.id) } " · made by " code { (link.by) } }
            }
            div.row-side {
                (pill(tone(row.status), label(row.status)))
                @if is_open && frame.may(RequiredScope::INTEGRATIONS_WRITE) {
                    form method="post" action=(frame.addresses.end_install_link(project.id, link.id)) data-once {
                        (csrf(frame))
                        button type="submit" { "End" span.visually-hidden { " the link for " (name) } }
                    }
                }
            }
        }
    }
}

const fn tone(status: LinkStatus) -> Tone {
    match status {
        LinkStatus::Open => Tone::Good,
        LinkStatus::Used | LinkStatus::Expired | LinkStatus::Ended => Tone::Calm,
    }
}

const fn label(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Open => "Open",
        LinkStatus::Used => "Used",
        LinkStatus::Expired => "Expired",
        LinkStatus::Ended => "Ended",
    }
}
