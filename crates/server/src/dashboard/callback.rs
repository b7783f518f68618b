//! The redirect back from a provider, and the address at which its result is shown.

use axum::{
    extract::{FromRequestParts as _, Path, Request, State},
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, Uri};
use integrations_core::{
    ids::PendingInstallId,
    install_link::InstallResult,
    oauth::{AuthorizationResponse, ReportedError},
};

use super::{
    addresses::Addresses,
    cookies::Cookie,
    csrf,
    flash::Flash,
    headers::{self, Opener},
    install, speculation,
    state::Pages,
    view::{self, failure::Words},
    visit::Visit,
};
use crate::{
    edge::{failure::Failure, request_id::CurrentRequest},
    services::install::{
        Arrival, Arrived, InstallOutcome, InstallProblem, InstallState, InstallTarget, OWN_CALLBACK,
        ProblemKind, Return, Standing, StateProblem,
    },
};

/// `/oauth/callback` and `/oauth/callback/own`. Whatever the request is like, its `state` is used up first. Only a
/// person's request counts.
///
/// A form (`response_mode=form_post`) comes without our cookies, because browsers send them with no form of another
/// site. It is refused, and its state is used up as well.
pub(super) async fn callback(State(pages): State<Pages>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let addresses = Addresses::new(&pages.settings.public_url);
    let Some(CurrentRequest(request_id)) = parts.extensions.get::<CurrentRequest>().cloned() else {
        return Failure::internal(&"a request without an id").into_response();
    };
    if let Some(answer) = speculation::answer(&parts.method, &parts.headers, &addresses, &request_id) {
        return answer;
    }
    let is_form = parts.method == Method::POST;
    let is_own = parts.uri.path() == OWN_CALLBACK;
    let mut query = parts.uri.query().unwrap_or_default().to_owned();
    if is_form {
        // What cannot be read holds no state.
        let body = axum::body::to_bytes(body, pages.settings.body_limit).await.unwrap_or_default();
        query = format!("{query}&{}", String::from_utf8_lossy(&body));
    }
    // A script or a frame of another page is no browser's window, and is not taken for the person.
    let browser = Cookie::Browser.read(&parts.headers, &addresses);
    let browser = browser.filter(|_| csrf::is_navigation(&parts.headers)).map(str::to_owned);
    let reported = AuthorizationResponse::read(&query).reported();
    let arrival = Arrival { query, browser, is_form, is_own, request_id: request_id.to_string() };
    let arrived = pages.installer.callback(arrival).await;
    let visit = Visit::from_request_parts(&mut parts, &pages).await;
    match (arrived, visit) {
        (Ok(arrived), visit) => headers::redirect(&after(&addresses, &arrived, visit.ok().as_ref())),
        (Err(InstallProblem { install: Some(install), kind, .. }), _) => {
            headers::redirect(&clean(&addresses, *install, &kind, reported))
        }
        (Err(problem), Ok(visit)) => install::problem(&to_anybody(visit), &problem, None),
        (Err(_), Err(refused)) => refused,
    }
}

/// Where a person goes on after a redirect back that was taken.
fn after(addresses: &Addresses, arrived: &Arrived, visit: Option<&Visit>) -> String {
    let may_see_page = arrived.is_by_link || visit.is_some_and(|visit| visit.session.is_some());
    match &arrived.outcome {
        InstallOutcome::Installed { target, .. } if may_see_page && !arrived.goes_back => {
            let page = addresses.provider(target.project, target.account.as_str());
            format!("{page}?done={}", Flash::Connected.as_str())
        }
        _ => addresses.installation(arrived.install),
    }
}

/// The address, without state and code, that shows the end of a redirect back that was refused. Another browser than
/// the one that began is told no more than what its own address says.
fn clean(
    addresses: &Addresses,
    install: PendingInstallId,
    kind: &ProblemKind,
    reported: Option<ReportedError>,
) -> String {
    match (kind, reported) {
        (ProblemKind::State(StateProblem::OtherBrowser | StateProblem::Posted), Some(error)) => {
            addresses.reported(&error)
        }
        _ => addresses.installation(install),
    }
}

/// `GET /dashboard/installs/reported`: what a redirect back reported to another browser than the one that began.
pub(super) async fn reported(visit: Visit, uri: Uri) -> Response {
    let reported = AuthorizationResponse::read(uri.query().unwrap_or_default()).reported();
    let kind = reported.map_or(StateProblem::Unknown.into(), ProblemKind::Reported);
    install::problem(&to_anybody(visit), &InstallProblem::nowhere(kind), None)
}

/// Who is not signed in came here from somebody's link.
fn to_anybody(visit: Visit) -> Visit {
    if visit.session.is_some() { visit } else { visit.for_customers() }
}

/// `GET /dashboard/installs/{installId}`: how an installation in progress stands, in the browser that began it.
pub(super) async fn state(
    State(pages): State<Pages>,
    visit: Visit,
    Path(install): Path<String>,
) -> Result<Response, Failure> {
    let state = match install.parse::<PendingInstallId>() {
        Ok(install) => pages.installer.state(install, visit.known_browser()).await,
        Err(_) => Err(InstallProblem::nowhere(StateProblem::Unknown)),
    };
    match state {
        Ok(state) => {
            let is_member =
                visit.session.as_ref().is_some_and(|session| session.organization == state.organization);
            let is_here = is_member && state.way_back.is_none();
            let visit = if is_here { visit } else { visit.for_customers_of(state.target.project).await? };
            Ok(show(&visit, state, is_here))
        }
        Err(problem) => Ok(install::problem(&to_anybody(visit), &problem, None)),
    }
}

/// `is_here`: the person goes on with the project's own pages.
fn show(visit: &Visit, state: InstallState, is_here: bool) -> Response {
    let InstallState { target, standing, way_back, .. } = state;
    let account = &target.account;
    let page = |done: Flash| format!("{}?done={}", install::page_of(visit, &target), done.as_str());
    let (way_back, opener) = (way_back.as_ref(), install::beside(way_back.as_ref()));
    match standing {
        Standing::UnderWay => {
            visit.page_beside(opener, StatusCode::OK, view::install::under_way(&visit.frame(), account))
        }
        Standing::Connected if is_here => visit.go_to(&page(Flash::Connected)),
        Standing::Connected => install::finished(visit, &target, way_back, true),
        Standing::Kept => match way_back {
            Some(way) => kept(visit, &target, &way.with(InstallResult::Denied)),
            None => visit.go_to(&page(Flash::Kept)),
        },
        Standing::Asked { pending, before, after } => {
            install::ask(visit, &target, pending.expose(), (&before, after.as_deref()), opener)
        }
        Standing::Choosing { pending, items } => {
            install::which(visit, &target, (pending.expose(), &items), StatusCode::OK, opener)
        }
        Standing::Failed { kind, request_id } => {
            let request_id = request_id.unwrap_or_else(|| visit.request_id.to_string());
            let back = way_back.filter(|_| kind.is_end()).map(|way| way.with(kind.result()));
            let problem = InstallProblem::at(&target, kind);
            match &back {
                Some(back) => {
                    let ending = install::Ending { back, goes_on: true, request_id: &request_id };
                    install::problem(visit, &problem, Some(ending))
                }
                None => install::problem_here(visit, &problem, &request_id),
            }
        }
    }
}

/// The page for a person who did not want the other account.
fn kept(visit: &Visit, target: &InstallTarget, back: &Return) -> Response {
    let words = Words {
        title: "Nothing was changed",
        explanation: &format!("{} stays connected as it was.", target.account.label()),
        advice: "",
        way_on: None,
        request_id: &visit.request_id,
    };
    visit.page_beside(Opener::Kept, StatusCode::OK, view::install::failed(&visit.frame(), &words, back, true))
}
