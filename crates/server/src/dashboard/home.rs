//! `GET /dashboard`: the projects of the key's organization.

use axum::{extract::State, response::Response};
use http::StatusCode;

use super::{
    view::projects,
    visit::{Visit, ask_to_sign_in},
};
use crate::{dashboard::state::Pages, edge::failure::Failure};

pub(super) async fn home(State(pages): State<Pages>, visit: Visit) -> Result<Response, Failure> {
    let Some(session) = &visit.session else {
        return Ok(ask_to_sign_in(&visit, &visit.addresses.home()));
    };
    let organization = pages.store.organization(session.organization).await?;
    let name = organization.map_or_else(String::new, |organization| organization.name);
    let mut projects = pages.store.projects(Some(session.organization)).await?;
    projects.retain(|project| project.revoked_at.is_none());
    Ok(visit.page(StatusCode::OK, projects::page(&visit.frame(), &name, &projects)))
}
