//! Makes the API's projects from stored ones.

use axum::response::Response;
use integrations_core::wire::{Project, ProjectResponse};

use crate::{
    edge::failure::Failure,
    http::answer::{Answer, respond},
    store::ProjectRecord,
};

/// What this server says of agents: it runs none.
const AGENT_MODE: &str = "off";

/// The project of a stored one.
pub(super) fn project(stored: ProjectRecord) -> Project {
    let restorable_until = stored.restorable_until();
    Project {
        id: stored.id,
        org_id: stored.organization_id,
        name: stored.name,
        slug: stored.slug,
        domain: stored.domain,
        return_origins: stored.return_origins,
        branding: stored.branding,
        agent_mode: AGENT_MODE.to_owned(),
        ai_model: None,
        created_at: stored.created_at,
        archived_at: stored.revoked_at,
        restorable_until,
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
