//! `GET /` and `GET /dashboard`: the projects of the organization that the session works on.

use axum::{extract::State, response::Response};
use http::StatusCode;

use super::{
    addresses::Addresses,
    headers, projects,
    view::layout::Organization,
    visit::{Visit, ask_to_sign_in},
};
use crate::{dashboard::state::Pages, edge::failure::Failure};

/// `GET /`: leads to the dashboard.
pub(super) async fn root(State(pages): State<Pages>) -> Response {
    headers::redirect(&Addresses::new(&pages.settings.public_url).home())
}

pub(super) async fn home(State(pages): State<Pages>, visit: Visit) -> Result<Response, Failure> {
    let Some(session) = &visit.session else {
        return Ok(ask_to_sign_in(&visit, &visit.addresses.home()));
    };
    let name = pages.organizations.name(session.organization).await?;
    let organization = Organization { id: session.organization, name: &name };
    projects::answer(&visit, session, organization, StatusCode::OK, None).await
}
