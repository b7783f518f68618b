//! The projects of an organization: list them, make one, change it, archive it and bring it back.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{
    fields::BodyError,
    ids::ProjectId,
    issue::Issue,
    project::{NewProject, ProjectUpdate},
    scope::RequiredScope,
};
use serde_json::{Value, json};

use super::{
    branding,
    flash::OwnedFlash,
    in_organization::InOrganization,
    sessions::Session,
    shown,
    state::Pages,
    view::{
        layout::Organization,
        project::{self, ProjectPage},
        projects::{self, ProjectsPage},
        provider_page::{Part, RefusedForm},
    },
    visit::{Posted, Visit},
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        query,
        scoped::{ProjectsRead, ProjectsWrite},
    },
    store::{OwnedError, ProjectRecord},
};

const NOT_SAVED: &str = "Correct what is marked below, and save again.";

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let project = "/dashboard/orgs/{orgId}/projects/{projectId}";
    Router::new()
        .route("/dashboard/orgs/{orgId}/projects", get(list).post(create))
        .route(project, get(show).post(change))
        .route(&format!("{project}/archive"), get(ask_to_archive).post(archive))
        .route(&format!("{project}/restore"), post(restore))
        .route(&format!("{project}/branding"), post(change_branding))
}

/// `GET /dashboard/orgs/{orgId}/projects`
async fn list(on: InOrganization<ProjectsRead>) -> Result<Response, Failure> {
    answer(&on.visit, &on.session, on.organization(), StatusCode::OK, None).await
}

/// Answers with the list of projects in which the session has rights.
pub(super) async fn answer(
    visit: &Visit,
    session: &Session,
    organization: Organization<'_>,
    status: StatusCode,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let (pages, reach) = (&visit.pages, &session.who.rights.reach);
    let projects = pages.organizations.projects_and_archived(organization.id, reach).await?;
    let page = ProjectsPage { organization, projects: &projects, now: pages.environment.now(), refused };
    Ok(visit.page(status, projects::page(&visit.frame(), &page)))
}

/// `POST /dashboard/orgs/{orgId}/projects`
async fn create(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<InOrganization<ProjectsWrite>>,
) -> Result<Response, Failure> {
    if !on.visit.frame().may_in_whole_organization(RequiredScope::PROJECTS_WRITE) {
        return Ok(on.visit.failure(
            StatusCode::FORBIDDEN,
            "This API key makes no projects",
            "It is bound to projects, and a new one concerns the whole organization. Nothing was changed.",
            "Sign in with a key that is not bound to projects, or as yourself.",
        ));
    }
    let created = match NewProject::read(&body(&form, None)) {
        Ok(new) => {
            let nothing = |_: &ProjectRecord| Ok(None);
            pages.organizations.create_project(on.id(), new, on.acting(), nothing).await
        }
        Err(error) => {
            let refused = refused(Part::Project, "The project was not created", issues(error)?, form);
            return answer_refused(&on, &refused).await;
        }
    };
    match created {
        Ok(project) => {
            let id = project.id.parse::<ProjectId>().map_err(|error| Failure::internal(&error))?;
            Ok(on.visit.go_to(&after(&on.visit, &on.organization(), id, OwnedFlash::Created)))
        }
        Err(OwnedError::Taken) => {
            answer_refused(&on, &refused(Part::Project, "The project was not created", vec![taken()], form))
                .await
        }
        Err(error) => Err(Failure::of_project(error)),
    }
}

async fn answer_refused(
    on: &InOrganization<ProjectsWrite>,
    refused: &RefusedForm,
) -> Result<Response, Failure> {
    answer(&on.visit, &on.session, on.organization(), StatusCode::UNPROCESSABLE_ENTITY, Some(refused)).await
}

/// A project of the path, in which the session has rights.
struct Found {
    id: ProjectId,
    project: ProjectRecord,
}

impl Found {
    async fn read<S>(on: &InOrganization<S>) -> Result<Self, Failure> {
        let id = on.project()?;
        let project = on.visit.pages.organizations.project(on.id(), on.reach(), id).await?;
        Ok(Self { id, project })
    }

    fn page<'a, S>(&'a self, on: &'a InOrganization<S>) -> ProjectPage<'a> {
        ProjectPage {
            organization: on.organization(),
            id: self.id,
            project: &self.project,
            now: on.visit.pages.environment.now(),
            logos: on.visit.pages.settings.brands.logos.keys().map(String::as_str).collect(),
            flash: None,
            refused: None,
        }
    }

    fn after<S>(&self, on: &InOrganization<S>, flash: OwnedFlash) -> Response {
        on.visit.go_to(&after(&on.visit, &on.organization(), self.id, flash))
    }
}

/// The address of a project's page, which says what was done.
fn after(visit: &Visit, organization: &Organization<'_>, id: ProjectId, flash: OwnedFlash) -> String {
    format!("{}?done={}", visit.addresses.project_settings(organization.id, id), flash.as_str())
}

/// `GET /dashboard/orgs/{orgId}/projects/{projectId}`
async fn show(on: InOrganization<ProjectsRead>, uri: Uri) -> Result<Response, Failure> {
    let [done] = query::parameters(&uri, ["done"])?;
    let found = Found::read(&on).await?;
    let flash = done.and_then(|word| word.parse::<OwnedFlash>().ok());
    let flash = flash.filter(|flash| flash.is_of_project(found.project.revoked_at.is_some()));
    let page = ProjectPage { flash, ..found.page(&on) };
    Ok(on.visit.page(StatusCode::OK, project::page(&on.visit.frame(), &page)))
}

/// `POST /dashboard/orgs/{orgId}/projects/{projectId}`
async fn change(
    State(pages): State<Pages>,
    posted: Posted<InOrganization<ProjectsWrite>>,
) -> Result<Response, Failure> {
    save(&pages, posted, Part::Project).await
}

/// `POST …/branding`
async fn change_branding(
    State(pages): State<Pages>,
    posted: Posted<InOrganization<ProjectsWrite>>,
) -> Result<Response, Failure> {
    save(&pages, posted, Part::Branding).await
}

/// Saves what a form of the project's page says.
async fn save(
    pages: &Pages,
    Posted { by: on, form }: Posted<InOrganization<ProjectsWrite>>,
    part: Part,
) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    let refused = |issues, form| refused(part, "The project was not changed", issues, form);
    let (status, refused) = if form.trimmed("shown") == shown::of_project(&found.project) {
        let read = ProjectUpdate::read(&match part {
            Part::Branding => branding::body(&form),
            _ => body(&form, Some(&found.project)),
        });
        let read = read.and_then(|update| {
            let checked = pages.settings.brands.check(&update);
            checked.map(|()| update).map_err(|issue| BodyError::Invalid(vec![issue]))
        });
        let changed = match read {
            Ok(update) => pages.organizations.update_project(on.id(), found.id, update, &on.acting()).await,
            Err(BodyError::NoUpdates) => return Ok(found.after(&on, OwnedFlash::Changed)),
            Err(error) => {
                let refused = refused(branding::by_field(issues(error)?), form);
                return Ok(show_refused(&on, &found, StatusCode::UNPROCESSABLE_ENTITY, &refused));
            }
        };
        match changed {
            Ok(_) => return Ok(found.after(&on, OwnedFlash::Changed)),
            Err(OwnedError::Taken) => (StatusCode::UNPROCESSABLE_ENTITY, refused(vec![taken()], form)),
            Err(error) => return Err(Failure::of_project(error)),
        }
    } else {
        (StatusCode::PRECONDITION_FAILED, RefusedForm::outdated(part, form))
    };
    Ok(show_refused(&on, &found, status, &refused))
}

fn show_refused(
    on: &InOrganization<ProjectsWrite>,
    found: &Found,
    status: StatusCode,
    refused: &RefusedForm,
) -> Response {
    let page = ProjectPage { refused: Some(refused), ..found.page(on) };
    on.visit.page(status, project::page(&on.visit.frame(), &page))
}

/// `GET …/archive`: asks before it archives.
async fn ask_to_archive(on: InOrganization<ProjectsWrite>) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    if found.project.revoked_at.is_some() {
        return Ok(on.visit.go_to(&on.visit.addresses.project_settings(on.id(), found.id)));
    }
    Ok(on.visit.page(StatusCode::OK, project::ask(&on.visit.frame(), &found.page(&on))))
}

/// `POST …/archive`. Repeating it is not an error.
async fn archive(
    State(pages): State<Pages>,
    Posted { by: on, .. }: Posted<InOrganization<ProjectsWrite>>,
) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    let archived = pages.organizations.archive_project(on.id(), found.id, &on.acting()).await;
    archived.map_err(Failure::of_project)?;
    Ok(found.after(&on, OwnedFlash::Archived))
}

/// `POST …/restore`
async fn restore(
    State(pages): State<Pages>,
    Posted { by: on, .. }: Posted<InOrganization<ProjectsWrite>>,
) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    let update = ProjectUpdate { restore: true, ..ProjectUpdate::default() };
    match pages.organizations.update_project(on.id(), found.id, update, &on.acting()).await {
        Ok(_) => Ok(found.after(&on, OwnedFlash::Restored)),
        Err(OwnedError::Ended) => Ok(on.visit.failure(
            StatusCode::CONFLICT,
            "This project cannot be brought back any more",
            "The time for that is over, and its credentials are destroyed. Nothing was changed.",
            "Create a new project, and connect its integrations there.",
        )),
        Err(error) => Err(Failure::of_project(error)),
    }
}

/// The body that a form stands for, as the API would be sent it. Of a `stored` project, it has only what differs.
fn body(form: &Form, stored: Option<&ProjectRecord>) -> Vec<u8> {
    let domain = Some(form.trimmed("domain")).filter(|domain| !domain.is_empty());
    let (name, slug) = (form.trimmed("name"), form.trimmed("slug"));
    let origins: Vec<&str> = form.trimmed("return_origins").split_whitespace().collect();
    let mut body = json!({"name": name, "slug": slug, "domain": domain, "return_origins": origins});
    if let Value::Object(fields) = &mut body {
        fields.retain(|field, _| match (stored, field.as_str()) {
            (None, "slug") => !slug.is_empty(),
            (None, "return_origins") => false,
            (None, _) => true,
            (Some(project), "name") => project.name != name,
            (Some(project), "slug") => project.slug != slug,
            (Some(project), "return_origins") => project.return_origins != origins,
            (Some(project), _) => project.domain.as_deref() != domain,
        });
    }
    body.to_string().into_bytes()
}

/// What is wrong with which field.
pub(super) fn issues(error: BodyError) -> Result<Vec<Issue>, Failure> {
    match error {
        BodyError::Invalid(issues) => Ok(issues),
        error => Err(error.into()),
    }
}

fn taken() -> Issue {
    Issue::new("slug", "Another project of the organization has this slug, or had it before it was archived")
}

fn refused(part: Part, title: &str, issues: Vec<Issue>, typed: Form) -> RefusedForm {
    RefusedForm::new(part, title, NOT_SAVED, issues, typed)
}
