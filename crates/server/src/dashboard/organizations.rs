//! The choice of the organization that a person's session works on.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{ids::OrganizationId, principal::Principal};

use super::{
    destination::Destination,
    sessions::Session,
    state::Pages,
    view::organizations,
    visit::{Posted, Visit, ask_to_sign_in},
};
use crate::{
    edge::{failure::Failure, query},
    store::Membership,
};

/// `GET /dashboard/organizations`
pub(super) async fn show(State(pages): State<Pages>, visit: Visit, uri: Uri) -> Result<Response, Failure> {
    let Some(session) = &visit.session else {
        return Ok(ask_to_sign_in(&visit, &visit.addresses.home()));
    };
    let [return_to] = query::parameters(&uri, ["return_to"])?;
    let page = return_to.and_then(|text| Destination::read(&text, &visit.addresses));
    let page = page.map(|page| page.address(&visit.addresses));
    let found = of(&pages, session).await?;
    let markup = organizations::page(&visit.frame(), session.organization, &found, page.as_deref());
    Ok(visit.page(StatusCode::OK, markup))
}

/// `POST /dashboard/organizations`
pub(super) async fn choose(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let Some(session) = &visit.session else {
        return Ok(ask_to_sign_in(&visit, &visit.addresses.home()));
    };
    let asked: Option<OrganizationId> = form.trimmed("organization").parse().ok();
    let found = of(&pages, session).await?;
    let Some(chosen) = found.iter().find(|one| Some(one.organization) == asked) else {
        return Ok(visit.failure(
            StatusCode::FORBIDDEN,
            "You have no role in that organization",
            "It may have been taken away since the page was shown. Nothing was changed.",
            "Load the page with your organizations again.",
        ));
    };
    pages.sessions.work_on(session, chosen.organization).await?;
    let page = form.get("return_to").and_then(|text| Destination::read(text, &visit.addresses));
    Ok(visit.go_to(&page.unwrap_or(Destination::Home).address(&visit.addresses)))
}

/// The organizations that a session may work on. A key has one.
async fn of(pages: &Pages, session: &Session) -> Result<Vec<Membership>, Failure> {
    match session.principal {
        Principal::User(user) => Ok(pages.people.memberships(user).await?),
        Principal::ApiKey(_) => Ok(Vec::new()),
    }
}
