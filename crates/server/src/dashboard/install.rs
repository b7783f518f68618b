//! Installing: with an install link or a session, through the provider's own page or with a form.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use integrations_core::{
    catalog::{self, Provider, ProviderAccount},
    ids::ProjectId,
    issue::Issue,
};
use serde_json::{Map, Value};

use super::{
    cookies::{Cookie, is_token},
    flash::Flash,
    install_problem, provider_page,
    view::{
        self, failure,
        layout::Project,
        provider_page::{Part, ProviderPage, RefusedForm},
    },
    visit::{Named, OnProject, Posted, Visit, ask_to_sign_in},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, form::Form, scoped::IntegrationsWrite},
    services::install::{
        Availability, InstallOutcome, InstallProblem, InstallTarget, Installing, LinkProblem, OpenLink,
        ProblemKind,
    },
    store::{Denied, ReadError},
};

/// Opens an install link: stores it in a cookie for this page only, and redirects to the address without it, whatever
/// the link is worth. This does not use the link up, so a program that fetches the address before the person does no
/// harm.
pub(super) fn open(visit: &Visit, named: &Named, link: &str) -> Result<Response, Failure> {
    let target = target(visit, named)?;
    if !is_token(link) {
        let problem = InstallProblem::at(&target, LinkProblem::Unknown);
        return Ok(self::problem(visit, &problem, &visit.request_id));
    }
    let page = page_of(visit, &target);
    let life = time::Duration::try_from(visit.pages.installer.link_life).ok();
    let mut response = visit.go_to(&page);
    if let Some(cookie) = Cookie::Install.set(link, &page, life, &visit.addresses) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The page of a provider for a person who is not signed in. With an opened link, it shows what is needed to install.
pub(super) async fn visit(
    pages: &Pages,
    visit: Visit,
    named: &Named,
    flash: Option<Flash>,
) -> Result<Response, Failure> {
    let target = target(&visit, named)?;
    let Some(link) = &visit.link else { return Ok(ask_to_sign_in(&visit, &page_of(&visit, &target))) };
    match pages.installer.open_link(link, target.project, target.account.as_str()).await {
        Ok(opened) => by_link(&visit, &target.account, &opened, StatusCode::OK, flash, None).await,
        Err(kind) if is_finished_here(&visit, &kind).await? => {
            Ok(visit.page(StatusCode::OK, view::install::finished(&visit.frame(), &target.account)))
        }
        Err(kind) => Ok(problem(&visit, &InstallProblem::at(&target, kind), &visit.request_id)),
    }
}

/// Whether a link cannot be used because the person has finished with it, and came back to it.
async fn is_finished_here(visit: &Visit, kind: &ProblemKind) -> Result<bool, Failure> {
    match (kind, &visit.link) {
        (ProblemKind::Link(LinkProblem::Used), Some(link)) => {
            Ok(visit.pages.installer.is_finished_here(link, visit.known_browser()).await?)
        }
        _ => Ok(false),
    }
}

/// Who installs.
enum Installs {
    /// A person who is signed in.
    Session(Box<OnProject>),
    /// A person who opened a link.
    Link(OpenLink, Box<Visit>),
}

/// Who installs. If the person may not install, the error is the answer.
async fn installs(visit: Visit, target: &InstallTarget, named: &Named) -> Result<Installs, Response> {
    let by_session = match visit.session.clone() {
        Some(session) => Some(OnProject::enter(visit.clone(), session, named.clone()).await),
        None => None,
    };
    match (by_session, visit.link.clone()) {
        (Some(Ok(on)), _) => match on.allow::<IntegrationsWrite>() {
            Ok(allowed) => Ok(Installs::Session(Box::new(allowed.on))),
            Err(refusal) => Err(refusal.into_response()),
        },
        // The link may belong to another organization than the session.
        (None | Some(Err(ReadError::Denied(Denied::ForeignProject | Denied::OutOfReach))), Some(link)) => {
            match visit.pages.installer.open_link(&link, target.project, target.account.as_str()).await {
                Ok(opened) => Ok(Installs::Link(opened, Box::new(visit))),
                Err(kind) => Err(not_taken(&visit, &InstallProblem::at(target, kind)).await),
            }
        }
        (Some(Err(error)), _) => Err(Failure::from(error).into_response()),
        (None, None) => Err(ask_to_sign_in(&visit, &page_of(&visit, target))),
    }
}

impl Installs {
    fn visit(&self) -> &Visit {
        match self {
            Self::Session(on) => &on.visit,
            Self::Link(_, visit) => visit,
        }
    }

    fn installing(&self) -> Installing {
        let request_id = self.visit().request_id.to_string();
        match self {
            Self::Session(on) => {
                Installing { tenant: on.tenant, by: on.session.principal, request_id, link: None }
            }
            Self::Link(opened, _) => {
                Installing { tenant: opened.tenant, by: opened.by, request_id, link: Some(opened.id) }
            }
        }
    }

    /// The page again, with the problem.
    async fn answer_refused(
        &self,
        account: &ProviderAccount,
        status: StatusCode,
        refused: &RefusedForm,
    ) -> Result<Response, Failure> {
        match self {
            Self::Session(on) => provider_page::answer(on, account, status, None, Some(refused)).await,
            Self::Link(opened, visit) => by_link(visit, account, opened, status, None, Some(refused)).await,
        }
    }
}

/// `POST …/{provider}/connect`
pub(super) async fn connect(
    State(pages): State<Pages>,
    named: Named,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let target = target(&visit, &named)?;
    let (account, provider) = (&target.account, &target.account.provider);
    let installs = match installs(visit, &target, &named).await {
        Ok(installs) => installs,
        Err(answer) => return Ok(answer),
    };
    let (visit, who) = (installs.visit(), installs.installing());
    let connection = values(&form, "connection", &provider.connection);
    let refusal = match provider.form() {
        None => match pages.installer.begin(&who, account, connection, &visit.browser).await {
            Ok(url) => {
                let page = view::install::leaving(&visit.frame(), account, url.as_str());
                return Ok(visit.page(StatusCode::OK, page));
            }
            Err(refusal) => refusal,
        },
        Some(fields) => {
            let credential = values(&form, "credential", &fields.fields);
            match pages.installer.submit(&who, account, connection, credential, &visit.browser).await {
                Ok(outcome) => return Ok(ended(visit, outcome)),
                Err(refusal) => refusal,
            }
        }
    };
    match refused_form(&refusal, provider, form) {
        Some(refused) => installs.answer_refused(account, install_problem::status(&refusal), &refused).await,
        None => Ok(not_taken(visit, &refusal).await),
    }
}

/// Answers a form that cannot be sent again. The second of two clicks leads to what came of the first.
async fn not_taken(visit: &Visit, refusal: &InstallProblem) -> Response {
    match (is_finished_here(visit, &refusal.kind).await, &refusal.target) {
        (Ok(true), Some(target)) => visit.go_to(&page_of(visit, target)),
        (Ok(_), _) => problem(visit, refusal, &visit.request_id),
        (Err(failure), _) => failure.into_response(),
    }
}

/// `POST /dashboard/installs/confirm`: the person wants the other account.
pub(super) async fn confirm(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Response {
    let pending = form.trimmed("pending");
    match pages.installer.confirm(pending, visit.known_browser(), &visit.request_id).await {
        Ok(outcome) => ended(&visit, outcome),
        Err(problem) => answered(&visit, &problem),
    }
}

/// `POST /dashboard/installs/abandon`: the person does not want it.
pub(super) async fn abandon(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Response {
    let pending = form.trimmed("pending");
    match pages.installer.abandon(pending, visit.known_browser(), &visit.request_id).await {
        Ok(target) => visit.go_to(&format!("{}?done={}", page_of(&visit, &target), Flash::Kept.as_str())),
        Err(problem) => answered(&visit, &problem),
    }
}

/// Answers a person whose answer about another account was not taken. If it was taken before, for example by the first
/// click of two, the person is shown what came of that.
fn answered(visit: &Visit, refusal: &InstallProblem) -> Response {
    match refusal.install.as_deref() {
        Some(install) => visit.go_to(&visit.addresses.installation(*install)),
        None => problem(visit, refusal, &visit.request_id),
    }
}

/// Redirects after an installation, or asks about another account.
fn ended(visit: &Visit, outcome: InstallOutcome) -> Response {
    match outcome {
        InstallOutcome::Installed { target, .. } => {
            visit.go_to(&format!("{}?done={}", page_of(visit, &target), Flash::Connected.as_str()))
        }
        InstallOutcome::Unconfirmed { target, pending, before, after } => {
            ask(visit, &target, pending.expose(), (&before, after.as_deref()))
        }
    }
}

/// Asks whether another account is meant: `before` is connected, and `after` would replace it.
pub(super) fn ask(
    visit: &Visit,
    target: &InstallTarget,
    pending: &str,
    (before, after): (&str, Option<&str>),
) -> Response {
    let other = view::install::OtherAccount { pending, before, after };
    visit.page(StatusCode::OK, view::install::confirm(&visit.frame(), &target.account, &other))
}

/// The page for a person who opened a link.
async fn by_link(
    visit: &Visit,
    account: &ProviderAccount,
    opened: &OpenLink,
    status: StatusCode,
    flash: Option<Flash>,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let pages = &visit.pages;
    let names = pages.organizations.project_names(&opened.tenant).await?;
    let page = ProviderPage {
        account,
        project: Project { id: opened.tenant.project, pending: None, names: &names },
        integration: None,
        accounts: &[],
        connection: &Map::new(),
        is_configured: pages.installer.availability(&opened.tenant, &account.provider).await?
            == Availability::Ready,
        events: &[],
        revocation: None,
        flash,
        refused,
    };
    Ok(visit.page(status, view::install::page(&visit.frame(), &page)))
}

/// The problem, to be shown with the form. `None` if the form can no longer be used.
fn refused_form(refusal: &InstallProblem, provider: &Provider, typed: Form) -> Option<RefusedForm> {
    let issues = match &refusal.kind {
        ProblemKind::Invalid(issues) => issues.clone(),
        // The provider's message about the credential is shown beside its field.
        ProblemKind::Refused(message) => {
            let fields = provider.form().map(|form| form.fields.as_slice()).unwrap_or_default();
            let beside = |field: &catalog::Field| Issue::new(format!("credential.{}", field.key), message);
            fields.first().map(beside).into_iter().collect()
        }
        ProblemKind::Link(_) | ProblemKind::RightsGone | ProblemKind::ProjectGone => return None,
        _ => Vec::new(),
    };
    let advice = match issues.is_empty() {
        true => format!("{} {}", install_problem::explanation(refusal), install_problem::advice(refusal)),
        false => install_problem::advice(refusal),
    };
    Some(RefusedForm::new(Part::Connection, &install_problem::title(refusal), &advice, issues, typed))
}

/// The page of a failed installation. `request_id` is the request that failed, which the log names.
pub(super) fn problem(visit: &Visit, problem: &InstallProblem, request_id: &str) -> Response {
    let (title, explanation, advice) = (
        install_problem::title(problem),
        install_problem::explanation(problem),
        install_problem::advice(problem),
    );
    let (address, label) = match (&problem.target, &problem.kind) {
        (Some(target), ProblemKind::Link(_) | ProblemKind::RightsGone) if visit.session.is_none() => {
            (visit.addresses.sign_in_for(&page_of(visit, target)), "Sign in".to_owned())
        }
        (Some(target), _) => (page_of(visit, target), format!("Back to {}", target.account.label())),
        (None, _) => (visit.addresses.home(), "To the dashboard".to_owned()),
    };
    let words = failure::Words {
        title: &title,
        explanation: &explanation,
        advice: &advice,
        way_on: Some((&address, &label)),
        request_id,
    };
    visit.page(install_problem::status(problem), failure::page(&visit.frame(), &words))
}

/// The fields below `root`, as they were pasted.
pub(super) fn values(form: &Form, root: &str, fields: &[catalog::Field]) -> Map<String, Value> {
    let pasted = |field: &catalog::Field| form.get(&format!("{root}.{}", field.key)).unwrap_or_default();
    fields.iter().map(|field| (field.key.clone(), pasted(field).into())).collect()
}

fn target(visit: &Visit, named: &Named) -> Result<InstallTarget, Failure> {
    let project: ProjectId = named.project.ok_or(Denied::NoSuchProject)?;
    Ok(InstallTarget { project, account: named.account(&visit.pages)? })
}

pub(super) fn page_of(visit: &Visit, target: &InstallTarget) -> String {
    visit.addresses.provider(target.project, target.account.as_str())
}
