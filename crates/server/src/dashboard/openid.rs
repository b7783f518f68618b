//! Signing in with the OpenID Connect provider, and its message that somebody signed out there.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use integrations_core::error::ErrorCode;

use super::{
    addresses::Addresses,
    cookies::{Cookie, Mark},
    csrf,
    destination::Destination,
    sign_in_problem, speculation,
    state::Pages,
    view,
    visit::{Posted, Visit},
};
use crate::{
    edge::{body, failure::Failure, request_id::CurrentRequest},
    services::people::{LogoutError, SIGN_IN_LIFE, SignInProblem, SignedIn},
};

/// `POST /dashboard/sign-in/person`: leads to the provider.
pub(super) async fn begin(State(pages): State<Pages>, Posted { by: visit, form }: Posted<Visit>) -> Response {
    let page = form.get("return_to").and_then(|text| Destination::read(text, &visit.addresses));
    let page = page.unwrap_or(Destination::Home).address(&visit.addresses);
    let begun = match pages.people.begin(page, form.is_ticked("fresh")).await {
        Ok(begun) => begun,
        Err(problem) => return sign_in_problem::page(&visit, &problem),
    };
    let host = begun.address.host_str().unwrap_or_default();
    let leaving = view::sign_in::leaving(&visit.frame(), host, begun.address.as_str());
    let mut response = visit.page(StatusCode::OK, leaving);
    let mark = Mark::of(&begun.state).map(Cookie::SignIn);
    let place = visit.addresses.signed_in();
    let cookie = mark
        .and_then(|cookie| cookie.set(begun.secret.expose(), &place, Some(SIGN_IN_LIFE), &visit.addresses));
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /dashboard/sign-in/callback`: the redirect back from the provider. Only a person's request counts.
pub(super) async fn callback(State(pages): State<Pages>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let addresses = Addresses::new(&pages.settings.public_url);
    let Some(CurrentRequest(request_id)) = parts.extensions.get::<CurrentRequest>().cloned() else {
        return Failure::internal(&"a request without an id").into_response();
    };
    if let Some(answer) = speculation::answer(&parts.method, &parts.headers, &addresses, &request_id) {
        return answer;
    }
    if !csrf::is_navigation(&parts.headers) {
        return match Visit::from_request_parts(&mut parts, &pages).await {
            Ok(visit) => sign_in_problem::page(&visit, &SignInProblem::OtherBrowser),
            Err(refused) => refused,
        };
    }
    let cookie_of = |state: &str| Mark::of(state).map(Cookie::SignIn);
    let mut used = None;
    let finished = {
        let secret = |state: &str| {
            used = cookie_of(state);
            used?.read(&parts.headers, &addresses).map(str::to_owned)
        };
        pages.people.finish(parts.uri.query().unwrap_or_default(), secret).await
    };
    let visit = match Visit::from_request_parts(&mut parts, &pages).await {
        Ok(visit) => visit,
        Err(refused) => return refused,
    };
    let mut response = match finished {
        Ok(person) => enter(&pages, &visit, person).await.unwrap_or_else(Failure::into_response),
        // The Back button and a reload come here again.
        Err(SignInProblem::Unknown) if visit.session.is_some() => visit.go_to(&addresses.home()),
        Err(problem) => sign_in_problem::page(&visit, &problem),
    };
    if let Some(cookie) = used.and_then(|cookie| cookie.clear(&addresses.signed_in(), &addresses)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Begins the session of a person, and leads on: to the page that was asked for, or to the choice of an organization.
async fn enter(pages: &Pages, visit: &Visit, person: SignedIn) -> Result<Response, Failure> {
    let page = Destination::read(&person.page, &visit.addresses).unwrap_or(Destination::Home);
    let owner = match page.project() {
        Some(project) => pages.organizations.owner(project).await?,
        None => page.organization(),
    };
    let chosen = person.memberships.iter().find(|one| Some(one.organization) == owner);
    let first = person.memberships.first();
    let (Some(at), is_clear) = (chosen.or(first), chosen.is_some() || person.memberships.len() == 1) else {
        return Err(Failure::internal(&"a person without a role has signed in"));
    };
    let token = pages.sessions.begin_for(&person, at.organization).await?;
    let address = page.address(&visit.addresses);
    let address = if is_clear { address } else { visit.addresses.organizations_for(&address) };
    visit.enter(&token, &address).await
}

/// `POST /oauth/back-channel-logout` (OpenID Connect Back-Channel Logout 1.0, sections 2.5 and 2.8). The provider calls
/// it, without any cookie: what it may do follows from the token alone.
pub(super) async fn back_channel_logout(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, sent) = request.into_parts();
    let form = match body::form(&parts.headers, sent, &pages.settings, false).await {
        Ok(form) => form,
        Err(failure) => return failure.into_response(),
    };
    match pages.people.log_out(form.trimmed("logout_token")).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(LogoutError::Store(error)) => Failure::from(error).into_response(),
        Err(LogoutError::NotConfigured) => {
            let nothing = "There is nothing at this address";
            Failure::new(ErrorCode::ResourceNotFound, nothing).into_response()
        }
        Err(error) => {
            tracing::info!(%error, "a logout token was refused");
            Failure::new(ErrorCode::BadRequest, error.to_string()).into_response()
        }
    }
}
