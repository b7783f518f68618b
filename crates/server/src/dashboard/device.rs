//! The page on which a person approves or denies the login of a program without a browser (RFC 8628, section 3.3).
//!
//! Only the submit of a code claims a login, and only for the session that submits it. So a link that somebody sends
//! never leads straight to the button.

use axum::{Extension, extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{
    device_login::{KeyLife, UserCode, grantable},
    ids::ProjectId,
    issue::Issue,
    principal::Principal,
    rights::{Reach, Rights},
    scope::Scope,
};

use super::{
    destination::Destination,
    sessions::Session,
    state::Pages,
    view::device::{self, ALL_PROJECTS, Choice},
    visit::{Posted, Visit},
};
use crate::{
    edge::{client_address::ClientAddress, failure::Failure, form::Form, query, rate_limit::PartitionKey},
    store::{DeviceClaim, DeviceGrant, DeviceLogin, ProjectRecord, scope_to_approve},
};

/// How many codes a session may enter in a minute, and the people at an address.
const CODES: u32 = 10;
const CODES_OF_ADDRESS: u32 = 20;

/// `GET /device`: asks for the code, or for the decision about a login that this session has claimed.
pub(super) async fn show(State(pages): State<Pages>, visit: Visit, uri: Uri) -> Result<Response, Failure> {
    let [code] = query::parameters(&uri, ["code"])?;
    let code = code.and_then(|text| text.parse::<UserCode>().ok());
    let session = match admit(&pages, &visit, code) {
        Ok(session) => session,
        Err(answer) => return Ok(*answer),
    };
    let claimed = match code {
        Some(code) => pages.device_logins.claimed(code, claim_of(session)).await?,
        None => None,
    };
    match (code, claimed) {
        (Some(code), Some(login)) => {
            let asked = Asked { session, code, login };
            ask(&pages, &visit, &asked, &Choice::default()).await
        }
        _ => {
            let typed = code.map(|code| code.to_string()).unwrap_or_default();
            Ok(visit.page(StatusCode::OK, device::enter(&visit.frame(), &typed, None)))
        }
    }
}

/// `POST /device`: claims the login with the code that the person submits.
pub(super) async fn claim(
    State(pages): State<Pages>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let typed = form.trimmed("code");
    let code = typed.parse::<UserCode>().ok();
    let session = match admit(&pages, &visit, code) {
        Ok(session) => session,
        Err(answer) => return Ok(*answer),
    };
    pages.attempts.count(PartitionKey::UserCodesOf(session.id), CODES).await?;
    pages.attempts.count(PartitionKey::user_codes(address), CODES_OF_ADDRESS).await?;
    let claimed = match code {
        Some(code) if pages.device_logins.claim(code, claim_of(session)).await? => Some(code),
        _ => None,
    };
    Ok(match claimed {
        Some(code) => visit.go_to(&visit.addresses.device(Some(code))),
        None => {
            let problem = Some(
                "There is no open login with this code. Compare it with your terminal. If it is right, \
                                it has expired or was looked up by somebody else: begin again there.",
            );
            visit.page(StatusCode::NOT_FOUND, device::enter(&visit.frame(), typed, problem))
        }
    })
}

/// `POST /dashboard/device/approve`
pub(super) async fn approve(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let asked = match asked(&pages, &visit, &form).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    let projects = projects_of(&pages, asked.session).await?;
    let grant = match read_grant(&form, asked.session, &projects) {
        Ok(grant) => grant,
        Err(issues) => {
            let choice = Choice { typed: Some(&form), issues: &issues };
            return ask(&pages, &visit, &asked, &choice).await;
        }
    };
    let claim = claim_of(asked.session);
    if !pages.device_logins.approve(&asked.login, claim, grant, &visit.request_id).await? {
        return Ok(too_late(&visit));
    }
    tracing::info!(login = %asked.login.id, by = %asked.session.principal, "a device login was approved");
    Ok(visit.page(StatusCode::OK, device::approved(&visit.frame(), &asked.login.client_name)))
}

/// `POST /dashboard/device/deny`
pub(super) async fn deny(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let asked = match asked(&pages, &visit, &form).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    if !pages.device_logins.deny(&asked.login, claim_of(asked.session), &visit.request_id).await? {
        return Ok(too_late(&visit));
    }
    tracing::info!(login = %asked.login.id, by = %asked.session.principal, "a device login was denied");
    Ok(visit.page(StatusCode::OK, device::denied(&visit.frame(), &asked.login.client_name)))
}

/// A login that a session has claimed, about which it may decide.
struct Asked<'v> {
    session: &'v Session,
    code: UserCode,
    login: DeviceLogin,
}

/// The login that a form decides about. The error is the answer.
async fn asked<'v>(
    pages: &Pages,
    visit: &'v Visit,
    form: &Form,
) -> Result<Result<Asked<'v>, Response>, Failure> {
    let code = form.trimmed("code").parse::<UserCode>().ok();
    let session = match admit(pages, visit, code) {
        Ok(session) => session,
        Err(answer) => return Ok(Err(*answer)),
    };
    let Some(code) = code else { return Ok(Err(too_late(visit))) };
    let login = pages.device_logins.claimed(code, claim_of(session)).await?;
    Ok(login.map(|login| Asked { session, code, login }).ok_or_else(|| too_late(visit)))
}

/// The session of somebody who signed in a moment ago and may approve. The error is the answer: the way to sign in and
/// back here, or the reason.
fn admit<'v>(pages: &Pages, visit: &'v Visit, code: Option<UserCode>) -> Result<&'v Session, Box<Response>> {
    let is_fresh = |session: &&Session| session.is_fresh(pages.environment.now());
    let Some(session) = visit.session.as_ref().filter(is_fresh) else {
        let page = Destination::Device(code).address(&visit.addresses);
        return Err(Box::new(visit.go_to(&visit.addresses.fresh_sign_in_for(&page))));
    };
    let required = scope_to_approve(session.principal);
    if session.who.rights.cover(required) {
        return Ok(session);
    }
    let key = matches!(session.principal, Principal::ApiKey(_));
    Err(Box::new(visit.failure(
        StatusCode::FORBIDDEN,
        "You cannot approve a login here",
        &format!("It needs the scope {required}. Nothing was changed."),
        if key {
            "Sign out, and sign in as yourself, or with an API key that may make others."
        } else {
            "Ask for a role in this organization."
        },
    )))
}

fn claim_of(session: &Session) -> DeviceClaim {
    DeviceClaim { session: session.id, principal: session.principal, organization: session.organization }
}

async fn projects_of(pages: &Pages, session: &Session) -> Result<Vec<ProjectRecord>, Failure> {
    Ok(pages.organizations.projects(session.organization, &session.who.rights.reach).await?)
}

/// The page that asks for the decision.
async fn ask(
    pages: &Pages,
    visit: &Visit,
    asked: &Asked<'_>,
    choice: &Choice<'_>,
) -> Result<Response, Failure> {
    let projects = projects_of(pages, asked.session).await?;
    let organization = pages.organizations.name(asked.session.organization).await?;
    let page = device::Page {
        code: &asked.code.to_string(),
        login: &asked.login,
        organization: &organization,
        projects: &projects,
        may_grant_all: asked.session.who.rights.reach == Reach::Organization,
        scopes: &grantable(&asked.session.who.rights),
    };
    let status = if choice.issues.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Ok(visit.page(status, device::decide(&visit.frame(), &page, choice)))
}

/// What a form grants: no more than who sent it holds. The error says what is wrong with which field.
fn read_grant(form: &Form, session: &Session, projects: &[ProjectRecord]) -> Result<DeviceGrant, Vec<Issue>> {
    let mut issues = Vec::new();
    let scopes: Vec<Scope> = grantable(&session.who.rights)
        .into_iter()
        .filter(|scope| form.is_ticked(&device::field_of(*scope)))
        .collect();
    if scopes.is_empty() {
        issues.push(Issue::new("scopes", "Choose what it may do"));
    }
    let reach = read_reach(form.trimmed("project"), session, projects);
    if reach.is_none() {
        issues.push(Issue::new("project", "Choose a project"));
    }
    let life = form.trimmed("life").parse::<KeyLife>().ok();
    if life.is_none() {
        issues.push(Issue::new("life", "Choose how long"));
    }
    match (reach, life) {
        (Some(reach), Some(life)) if issues.is_empty() => {
            Ok(DeviceGrant { rights: Rights { scopes, reach }, life: life.duration() })
        }
        _ => Err(issues),
    }
}

fn read_reach(text: &str, session: &Session, projects: &[ProjectRecord]) -> Option<Reach> {
    if text == ALL_PROJECTS {
        return Some(Reach::Organization).filter(|all| session.who.rights.reach.includes_all(all));
    }
    let id: ProjectId = text.parse().ok()?;
    projects.iter().any(|project| project.id == text).then(|| Reach::Projects(vec![id]))
}

/// The answer to a decision that comes too late, or from a session that did not look the code up.
fn too_late(visit: &Visit) -> Response {
    visit.failure(
        StatusCode::CONFLICT,
        "This login cannot be decided any more",
        "It has expired, was decided before, or was looked up in another session. Nothing was changed.",
        "If your terminal still waits, begin again there.",
    )
}
