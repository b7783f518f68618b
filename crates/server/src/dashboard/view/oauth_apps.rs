//! The OAuth apps of an organization or a project: for each provider that needs one, which app counts.

use std::sync::Arc;

use integrations_core::{catalog::Provider, ids::OrganizationId, scope::RequiredScope};
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Organization, OrganizationSection, Project, Section},
    parts::{Tone, emblem, pill},
};
use crate::{dashboard::addresses::AppsPlace, services::oauth_apps::CurrentApp, store::AppOwner};

/// Whose apps a page is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner<'a> {
    /// An organization, with its name.
    Organization(OrganizationId, &'a str),
    /// A project, with its organization.
    Project(Project<'a>, OrganizationId),
}

impl Owner<'_> {
    /// The place of the pages.
    pub(crate) const fn place(&self) -> AppsPlace {
        match self {
            Self::Organization(id, _) => AppsPlace::Organization(*id),
            Self::Project(project, _) => AppsPlace::Project(project.id),
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Organization(_, name) => name,
            Self::Project(project, _) => &project.names.project,
        }
    }

    /// The name of the organization.
    pub(super) fn organization(&self) -> &str {
        match self {
            Self::Organization(_, name) => name,
            Self::Project(project, _) => &project.names.organization,
        }
    }

    /// What it is, and its name.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Organization(..) => format!("the organization {}", self.name()),
            Self::Project(..) => format!("the project {}", self.name()),
        }
    }

    /// Whether an app is its own, and not one that counts here as well.
    pub(super) fn has(&self, app: &CurrentApp, provider: &Provider) -> bool {
        !app.is_shared(provider) && self.sets(app)
    }

    /// Whether an app is set by it, for the provider or for what that shares with others.
    fn sets(&self, app: &CurrentApp) -> bool {
        match self {
            Self::Organization(id, _) => app.owner() == Some(AppOwner::Organization(*id)),
            Self::Project(project, _) => app.owner() == Some(AppOwner::Project(project.id)),
        }
    }

    /// The apps of the organization, for a project's page and who may see them.
    pub(super) fn of_organization(&self, frame: &Frame<'_>) -> Option<AppsPlace> {
        let reaches_it = frame.may_in_whole_organization(RequiredScope::OAUTH_APPS_READ);
        match self {
            Self::Project(_, organization) if reaches_it => Some(AppsPlace::Organization(*organization)),
            _ => None,
        }
    }

    /// The bar above the list.
    fn bar(&self, frame: &Frame<'_>) -> Markup {
        self.bar_at(frame, Section::OauthApps, OrganizationSection::OauthApps)
    }

    /// The bar above the page of one app.
    pub(crate) fn bar_of_one(&self, frame: &Frame<'_>) -> Markup {
        self.bar_at(frame, Section::OauthApp, OrganizationSection::OauthApp)
    }

    fn bar_at(&self, frame: &Frame<'_>, in_project: Section, in_organization: OrganizationSection) -> Markup {
        match *self {
            Self::Project(ref project, _) => layout::project_bar(frame, project, in_project),
            Self::Organization(id, name) => {
                layout::organization_bar(frame, &Organization { id, name }, in_organization)
            }
        }
    }
}

/// Whose app counts, in a word or two.
pub(super) fn standing(owner: &Owner<'_>, provider: &Provider, app: &CurrentApp) -> Markup {
    match app.owner() {
        None => pill(Tone::Warn, "None"),
        Some(_) if owner.has(app, provider) => pill(Tone::Good, "Its own"),
        Some(_) if owner.sets(app) => pill(Tone::Good, "Shared"),
        Some(AppOwner::All) => pill(Tone::Calm, "The operator's"),
        Some(AppOwner::Organization(_) | AppOwner::Project(_)) => pill(Tone::Calm, "The organization's"),
    }
}

/// Renders it. Every provider uses OAuth.
pub(crate) fn page(frame: &Frame<'_>, owner: &Owner<'_>, apps: &[(&Arc<Provider>, CurrentApp)]) -> Markup {
    let content = html! {
        div.head {
            div {
                p.eyebrow { (owner.name()) }
                h1 { "OAuth apps" }
                p.lead {
                    "Providers that are connected by OAuth know this server as an app. The nearest one counts: first a \
                     project's own, then its organization's, and last the operator's."
                }
                @if !frame.may(RequiredScope::OAUTH_APPS_ADMIN) {
                    p.help { "Your role does not allow you to set one." }
                }
            }
            @if let Some(place) = owner.of_organization(frame) {
                a.button href=(frame.addresses.oauth_apps(place)) { "Apps of " (owner.organization()) }
            }
        }
        @if apps.is_empty() {
            div.card.empty { p { "No provider of this server is connected by OAuth." } }
        } @else {
            ul.rows.card { @for (provider, app) in apps { (row(frame, owner, provider, app)) } }
        }
    };
    layout::page(frame, &format!("OAuth apps of {}", owner.name()), &owner.bar(frame), &content)
}

fn row(frame: &Frame<'_>, owner: &Owner<'_>, provider: &Provider, app: &CurrentApp) -> Markup {
    let address = frame.addresses.oauth_app(owner.place(), provider.key.as_str());
    html! {
        li.row {
            (emblem(frame, provider))
            div.row-main {
                h2.row-title { a.stretched href=(address) { (provider.name) } }
                p.row-note {
                    @match (app.client_id(), app.owner()) {
                        (Some(client_id), _) => { "Client id " code { (client_id) } },
                        (None, Some(_)) => { "For everybody on this server" },
                        (None, None) => { "Nobody can connect it here" },
                    }
                }
            }
            div.row-side { (standing(owner, provider, app)) }
        }
    }
}
