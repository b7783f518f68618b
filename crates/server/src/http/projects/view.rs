//! Makes the API's projects from stored ones.

use axum::response::Response;
use integrations_core::{
    error::ErrorCode,
    wire::{Project, ProjectResponse},
};

use crate::{
    edge::failure::Failure,
    http::answer::{Answer, respond},
    store::{Denied, OwnedError, PROJECT_GRACE, ProjectRecord},
};

/// What this server says of agents: it runs none.
const AGENT_MODE: &str = "off";

/// The project of a stored one.
pub(super) fn project(stored: ProjectRecord) -> Project {
    let is_erased = stored.erased_at.is_some();
    Project {
        id: stored.id,
        org_id: stored.organization_id,
        name: stored.name,
        slug: stored.slug,
        domain: stored.domain,
        agent_mode: AGENT_MODE.to_owned(),
        ai_model: None,
        created_at: stored.created_at,
        archived_at: stored.revoked_at,
        restorable_until: stored.revoked_at.filter(|_| !is_erased).map(|at| at + PROJECT_GRACE),
    }
}

/// Answers with a project.
pub(super) fn respond_project(stored: ProjectRecord) -> Result<Response, Failure> {
    respond(&ProjectResponse { data: project(stored) })
}

/// The answer with a new project.
pub(super) fn created(stored: &ProjectRecord) -> Result<Answer, Failure> {
    Answer::created(&ProjectResponse { data: project(stored.clone()) })
}

/// The error for a change that was not made.
pub(super) fn refused(error: OwnedError) -> Failure {
    match error {
        OwnedError::Forbidden(error) => error.into(),
        OwnedError::NotFound | OwnedError::NoSuchProject => Denied::NoSuchProject.into(),
        OwnedError::Taken => {
            Failure::new(ErrorCode::Conflict, "Another project of the organization has this slug")
        }
        OwnedError::Ended => Failure::new(
            ErrorCode::Conflict,
            "The project is archived: bring it back first with archived: false. After 30 days it cannot be brought back",
        ),
        OwnedError::Store(error) => error.into(),
    }
}
