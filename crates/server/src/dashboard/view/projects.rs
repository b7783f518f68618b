//! An organization's projects: the list, and the form for one more.

use integrations_core::{ids::ProjectId, name::MAX_NAME, project::MAX_SLUG, scope::RequiredScope};
use maud::{Markup, html};
use time::OffsetDateTime;

use super::{
    field::{Field, Presence, Text},
    frame::Frame,
    layout::{self, Organization, OrganizationSection},
    moment::moment,
    parts::{csrf, part},
    provider_page::{RefusedForm, refusal},
};
use crate::store::ProjectRecord;

/// What the page shows.
#[derive(Debug)]
pub(crate) struct ProjectsPage<'a> {
    /// Whose projects they are.
    pub(crate) organization: Organization<'a>,
    /// The projects, archived ones too.
    pub(crate) projects: &'a [ProjectRecord],
    /// When it is shown.
    pub(crate) now: OffsetDateTime,
    /// The form for a new one, if it was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &ProjectsPage<'_>) -> Markup {
    let is_in_use = |project: &&ProjectRecord| project.revoked_at.is_none();
    let in_use: Vec<&ProjectRecord> = page.projects.iter().filter(is_in_use).collect();
    let restorable = |project: &&ProjectRecord| project.restorable_until().is_some_and(|end| page.now < end);
    let archived: Vec<&ProjectRecord> = page.projects.iter().filter(restorable).collect();
    let may_create = frame.may_in_whole_organization(RequiredScope::PROJECTS_WRITE);
    let content = html! {
        @if let Some(refused) = page.refused { (refusal(refused)) }
        div.head { div { p.eyebrow { (page.organization.name) } h1 { "Projects" } } }
        @if in_use.is_empty() {
            div.card.empty {
                h2 { "No project yet" }
                @if may_create { p { "Create the first one below." } } @else { (nobody_may(frame, page)) }
            }
        } @else {
            ul.rows.card { @for project in in_use { (row(frame, project)) } }
        }
        @if !archived.is_empty() && frame.may(RequiredScope::PROJECTS_READ) {
            h2.shelf { "Archived" span.count { (archived.len()) } }
            ul.rows.card { @for project in archived { (archived_row(frame, page, project)) } }
        }
        @if may_create { (part("new-project", "New project", &about_new(), &form(frame, page))) }
    };
    let above = layout::organization_bar(frame, &page.organization, OrganizationSection::Projects);
    layout::page(frame, "Projects", &above, &content)
}

fn nobody_may(frame: &Frame<'_>, page: &ProjectsPage<'_>) -> Markup {
    let create = frame.operator.admin(&format!("project create --org {} --name NAME", page.organization.id));
    html! { p { "The operator of this server creates one with " code { (create) } "." } }
}

fn row(frame: &Frame<'_>, project: &ProjectRecord) -> Markup {
    // This cannot fail, because only ids are stored.
    let Ok(id) = project.id.parse::<ProjectId>() else { return html! {} };
    html! {
        li.row {
            div.row-main {
                h2.row-title { a.stretched href=(frame.addresses.project(id)) { (project.name) } }
                p.row-note {
                    code { (project.id) }
                    @if let Some(domain) = &project.domain { " · " (domain) }
                }
            }
            div.row-side { span.soft { "Made " (moment(frame, project.created_at)) } }
        }
    }
}

fn archived_row(frame: &Frame<'_>, page: &ProjectsPage<'_>, project: &ProjectRecord) -> Markup {
    let Ok(id) = project.id.parse::<ProjectId>() else { return html! {} };
    html! {
        li.row {
            div.row-main {
                h3.row-title {
                    a.stretched href=(frame.addresses.project_settings(page.organization.id, id)) { (project.name) }
                }
                p.row-note { code { (project.id) } }
            }
            @if let Some(end) = project.restorable_until() {
                div.row-side { span.soft { "Destroyed " (moment(frame, end)) } }
            }
        }
    }
}

fn about_new() -> Markup {
    html! { p { "A project has its own integrations, each with its own credential, settings and permissions." } }
}

fn form(frame: &Frame<'_>, page: &ProjectsPage<'_>) -> Markup {
    let values = Values { typed: page.refused, stored: None };
    html! {
        form method="post" action=(frame.addresses.projects(page.organization.id)) data-once {
            (csrf(frame))
            (fields(&values))
            div.actions.foot { button.primary type="submit" { "Create the project" } }
        }
    }
}

const ABOUT_ORIGINS: &str = "The origins of your product's pages, one a line, such as https://app.example.com. An install \
     link sends people back to them alone.";

/// What the fields of a project hold: what was typed, or else what is stored.
pub(super) struct Values<'a> {
    /// The form, if it was just refused.
    pub(super) typed: Option<&'a RefusedForm>,
    /// The project, if there is one.
    pub(super) stored: Option<&'a ProjectRecord>,
}

/// The fields of a project.
pub(super) fn fields(values: &Values<'_>) -> Markup {
    let value = |name: &str, stored: Option<&str>| match values.typed {
        Some(refused) => refused.typed.get(name).unwrap_or_default().to_owned(),
        None => stored.unwrap_or_default().to_owned(),
    };
    let problem = |name: &str| values.typed.and_then(|refused| refused.problem(name));
    let stored = values.stored;
    let slug_help = match stored {
        None => "Its name in addresses. If it is left empty, one is made from the name.",
        Some(_) => "Its name in addresses. Programs that use the old one must be changed.",
    };
    let field = |name, label, help, presence| Field { name, label, help, problem: problem(name), presence };
    let (name, slug, domain) = (
        value("name", stored.map(|project| project.name.as_str())),
        value("slug", stored.map(|project| project.slug.as_str())),
        value("domain", stored.and_then(|project| project.domain.as_deref())),
    );
    let presence = if stored.is_some() { Presence::Required } else { Presence::Optional };
    html! {
        (field("name", "Name", None, Presence::Required)
            .text(&Text { value: &name, longest: Some(MAX_NAME as u64), ..Text::default() }))
        (field("slug", "Slug", Some(slug_help), presence).text(&Text {
            value: &slug,
            example: Some("acme-support"),
            longest: Some(MAX_SLUG as u64),
            ..Text::default()
        }))
        (field("domain", "Domain", Some("The domain of the product that it is for."), Presence::Optional)
            .text(&Text { value: &domain, example: Some("support.example.com"), ..Text::default() }))
        @if let Some(project) = stored {
            @let origins = value("return_origins", Some(&project.return_origins.join("\n")));
            (field("return_origins", "Return origins", Some(ABOUT_ORIGINS), Presence::Optional).lines(&origins, 2))
        }
    }
}
