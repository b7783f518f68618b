//! What a project is called, and its archiving and coming back.

use integrations_core::{ids::ProjectId, scope::RequiredScope};
use maud::{Markup, html};
use time::OffsetDateTime;

use super::{
    branding::{self, BrandingForm},
    frame::Frame,
    layout::{self, Organization, OrganizationSection, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, part, pill},
    projects::{Values, fields},
    provider_page::{Part, RefusedForm, refusal},
};
use crate::{
    dashboard::{flash::OwnedFlash, shown},
    store::{PROJECT_GRACE, ProjectNames, ProjectRecord},
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct ProjectPage<'a> {
    /// Whose project it is.
    pub(crate) organization: Organization<'a>,
    /// Its id.
    pub(crate) id: ProjectId,
    /// The project, archived or not.
    pub(crate) project: &'a ProjectRecord,
    /// When it is shown.
    pub(crate) now: OffsetDateTime,
    /// The logos that there are, by the names of their files.
    pub(crate) logos: Vec<&'a str>,
    /// What was just done.
    pub(crate) flash: Option<OwnedFlash>,
    /// The form, if it was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

impl ProjectPage<'_> {
    fn to(&self, frame: &Frame<'_>, action: &str) -> String {
        frame.addresses.to_project(self.organization.id, self.id, action)
    }

    /// The refusal of this form, if its fields keep what was sent.
    fn refused_in(&self, part: Part) -> Option<&RefusedForm> {
        self.refused.filter(|refused| refused.part == part && !refused.is_outdated)
    }

    /// A project in use has its own pages. Those of an archived one are gone.
    fn bar(&self, frame: &Frame<'_>) -> Markup {
        if self.project.revoked_at.is_some() {
            return layout::organization_bar(frame, &self.organization, OrganizationSection::Project);
        }
        let names =
            ProjectNames { project: self.project.name.clone(), organization: self.organization.name.into() };
        layout::project_bar(frame, &Project { id: self.id, pending: None, names: &names }, Section::Settings)
    }
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &ProjectPage<'_>) -> Markup {
    let (project, may_change) = (page.project, frame.may(RequiredScope::PROJECTS_WRITE));
    let content = html! {
        @if let Some(refused) = page.refused {
            (refusal(refused))
        } @else if let Some(flash) = page.flash {
            (notice(Tone::Good, &html! { p { (flash.words()) } }))
        }
        div.head {
            div {
                p.eyebrow { (page.organization.name) }
                div.title-line {
                    h1 { (project.name) }
                    @if project.revoked_at.is_some() { (pill(Tone::Calm, "Archived")) }
                }
                p.lead { code { (project.id) } }
            }
        }
        @match project.revoked_at {
            Some(at) => (part("archived", "Archived", &html! {}, &archived(frame, page, at))),
            None => {
                (part("details", "Details", &html! {}, &details(frame, page, may_change)))
                @if may_change {
                    (branding(frame, page))
                    (archiving(frame, page))
                }
            }
        }
    };
    layout::page(frame, &project.name, &page.bar(frame), &content)
}

fn details(frame: &Frame<'_>, page: &ProjectPage<'_>, may_change: bool) -> Markup {
    let project = page.project;
    html! {
        @if may_change {
            form method="post" action=(frame.addresses.project_settings(page.organization.id, page.id)) data-once {
                (csrf(frame))
                input type="hidden" name="shown" value=(shown::of_project(project));
                (fields(&Values { typed: page.refused_in(Part::Project), stored: Some(project) }))
                div.actions.foot { button.primary type="submit" { "Save" } }
            }
        } @else {
            dl.facts {
                div { dt { "Name" } dd { (project.name) } }
                div { dt { "Slug" } dd { code { (project.slug) } } }
                div { dt { "Domain" } dd { (project.domain.as_deref().unwrap_or("None")) } }
                div { dt { "Return origins" } dd { (origins(project)) } }
                div { dt { "Made" } dd { (moment(frame, project.created_at)) } }
            }
        }
    }
}

fn origins(project: &ProjectRecord) -> String {
    if project.return_origins.is_empty() { "None".to_owned() } else { project.return_origins.join(", ") }
}

fn branding(frame: &Frame<'_>, page: &ProjectPage<'_>) -> Markup {
    let shows = BrandingForm {
        action: &page.to(frame, "branding"),
        shown: &shown::of_project(page.project),
        stored: page.project.branding.as_ref(),
        logos: &page.logos,
        typed: page.refused_in(Part::Branding),
    };
    branding::card(frame, &shows)
}

fn archiving(frame: &Frame<'_>, page: &ProjectPage<'_>) -> Markup {
    let about = html! { p { "For a project that is not needed any more." } };
    let days = PROJECT_GRACE.whole_days();
    let card = html! {
        div.aside-action {
            p { "Nothing can be done in an archived project. It can be brought back for " (days) " days." }
            a.button.danger href=(page.to(frame, "archive")) { "Archive…" }
        }
    };
    part("archiving", "Archive", &about, &card)
}

fn archived(frame: &Frame<'_>, page: &ProjectPage<'_>, at: OffsetDateTime) -> Markup {
    let until = page.project.restorable_until().filter(|end| page.now < *end);
    html! {
        p.meaning { "Archived " (moment(frame, at)) ". Nothing can be done in it." }
        @match until {
            None => p { "The time in which it could be brought back is over. Its credentials are destroyed." },
            Some(until) => {
                p {
                    "Its credentials are destroyed " (moment(frame, until)) ". Before that, it can be brought back."
                }
                @if frame.may(RequiredScope::PROJECTS_WRITE) {
                    form.actions.foot method="post" action=(page.to(frame, "restore")) data-once {
                        (csrf(frame))
                        button.primary type="submit" { "Bring it back" }
                    }
                }
            }
        }
    }
}

/// The page that asks before it archives.
pub(crate) fn ask(frame: &Frame<'_>, page: &ProjectPage<'_>) -> Markup {
    let title = format!("Archive {}?", page.project.name);
    let content = html! {
        div.narrow {
            div.card {
                h1 { (title) }
                ul.consequences {
                    li { "Nothing can be done in it any more: your agents and programs find no such project." }
                    li { "Its integrations are no longer checked, and their access is no longer renewed." }
                    li { "API keys that are bound to it alone can do nothing." }
                    li {
                        "For " (PROJECT_GRACE.whole_days()) " days it can be brought back, with everything in it. "
                        "What expires meanwhile must be connected again."
                    }
                    li { "Its credentials are destroyed " (moment(frame, page.now + PROJECT_GRACE)) "." }
                }
                form.actions.foot method="post" action=(page.to(frame, "archive")) data-once {
                    (csrf(frame))
                    button.danger type="submit" { "Archive" }
                    a.button.quiet href=(frame.addresses.project_settings(page.organization.id, page.id)) { "Keep it" }
                }
            }
        }
    };
    layout::page(frame, &title, &page.bar(frame), &content)
}
