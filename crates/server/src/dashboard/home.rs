//! `GET /dashboard`: the projects of the key's organization.

use axum::{extract::State, response::Response};
use http::StatusCode;

use super::{
    view::projects,
    visit::{Visit, ask_to_sign_in},
};
use crate::http::{error::ApiError, state::App};

pub(super) async fn home(State(app): State<App>, visit: Visit) -> Result<Response, ApiError> {
    let Some(session) = &visit.session else {
        return Ok(ask_to_sign_in(&visit, &visit.addresses.home()));
    };
    let organization = app.store.organization(session.organization).await?;
    let name = organization.map_or_else(String::new, |organization| organization.name);
    let mut projects = app.store.projects(Some(session.organization)).await?;
    projects.retain(|project| project.revoked_at.is_none());
    Ok(visit.page(StatusCode::OK, projects::page(&visit.frame(), &name, &projects)))
}
