//! Installing: with an install link or a session, through the provider's own page or with a form.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use integrations_core::{
    catalog::{self, AuthKind, CredentialForm, Provider, ProviderAccount},
    ids::ProjectId,
    install_link::InstallResult,
    issue::Issue,
    oauth::ChoiceItem,
};
use serde_json::{Map, Value};

use super::{
    cookies::{Cookie, is_token},
    flash::Flash,
    headers::Opener,
    install_problem::{self, Said},
    provider_page,
    view::{
        self,
        failure::{self, Words},
        install::InApp,
        layout::Project,
        provider_page::{Part, ProviderPage, RefusedForm},
    },
    visit::{Named, OnProject, Posted, Visit, ask_to_sign_in},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, form::Form, scoped::IntegrationsWrite},
    services::install::{
        InstallOutcome, InstallProblem, InstallTarget, Installing, LinkProblem, OpenLink, ProblemKind,
        Return, Typed, WayBack, Wish,
    },
    store::{Denied, ReadError},
};

/// Opens an install link: stores it in a cookie for this page only, and redirects to the address without it, whatever
/// the link is worth. This does not use the link up, so a program that fetches the address before the person does no
/// harm.
pub(super) async fn open(visit: &Visit, named: &Named, link: &str) -> Result<Response, Failure> {
    let target = target(visit, named)?;
    if !is_token(link) {
        let visit = visit.clone().for_customers_of(target.project).await?;
        return Ok(self::problem(&visit, &InstallProblem::at(&target, LinkProblem::Unknown), None));
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
    (flash, chosen): (Option<Flash>, Option<AuthKind>),
) -> Result<Response, Failure> {
    let target = target(&visit, named)?;
    if visit.link.is_none() {
        return Ok(ask_to_sign_in(&visit, &page_of(&visit, &target)));
    }
    let visit = visit.for_customers_of(target.project).await?;
    let link = visit.link.as_deref().unwrap_or_default();
    let way_back = pages.installer.way_back_by(link).await?;
    match pages.installer.open_link(link, target.project, target.account.as_str()).await {
        Ok(opened) => by_link(&visit, &target.account, &opened, StatusCode::OK, (flash, chosen), None).await,
        Err(kind) if is_finished_here(&visit, &kind).await? => {
            // Whoever comes back to the page later stays until they press the button.
            let goes_on = flash == Some(Flash::Connected);
            Ok(finished(&visit, &target, way_back.as_ref(), goes_on))
        }
        Err(kind) => {
            let back = way_back.filter(|_| kind.is_end()).map(|way| way.with(kind.result()));
            let ending =
                back.as_ref().map(|back| Ending { back, goes_on: false, request_id: &visit.request_id });
            Ok(problem(&visit, &InstallProblem::at(&target, kind), ending))
        }
    }
}

/// Whether a person who is signed in follows a link that binds everybody: it leads back to a product, or is for one
/// account. `flash` is what was just done on this page.
pub(super) async fn is_bound(visit: &Visit, named: &Named, flash: Option<Flash>) -> Result<bool, Failure> {
    let Some(link) = &visit.link else { return Ok(false) };
    let (target, installer) = (target(visit, named)?, &visit.pages.installer);
    if installer.is_binding(link, target.project, target.account.as_str()).await? {
        return Ok(true);
    }
    // Just connected with it: the way back is next.
    Ok(flash == Some(Flash::Connected)
        && installer.is_finished_here(link, visit.known_browser()).await?
        && installer.way_back_by(link).await?.is_some())
}

/// The page at the end of an installation with a link.
pub(super) fn finished(
    visit: &Visit,
    target: &InstallTarget,
    way_back: Option<&WayBack>,
    goes_on: bool,
) -> Response {
    let back = way_back.map(|way| way.with(InstallResult::Connected));
    let page = view::install::finished(&visit.frame(), &target.account, back.as_ref(), goes_on);
    visit.page_beside(beside(way_back), StatusCode::OK, page)
}

/// Whether a page keeps its opener: only a product that gets the person back is told anything.
pub(super) fn beside(way_back: Option<&WayBack>) -> Opener {
    if way_back.is_some() { Opener::Kept } else { Opener::Severed }
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
    let is_bound = is_bound(&visit, named, None).await.map_err(Failure::into_response)?;
    let by_session = match visit.session.clone().filter(|_| !is_bound) {
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
                Ok(opened) => Ok(Installs::Link(opened, Box::new(customers(visit, target).await?))),
                Err(kind) => {
                    let visit = customers(visit, target).await?;
                    Err(not_taken(&visit, &InstallProblem::at(target, kind)).await)
                }
            }
        }
        (Some(Err(error)), _) => Err(Failure::from(error).into_response()),
        (None, None) => Err(ask_to_sign_in(&visit, &page_of(&visit, target))),
    }
}

/// The same visit on the pages that customers see.
async fn customers(visit: Visit, target: &InstallTarget) -> Result<Visit, Response> {
    visit.for_customers_of(target.project).await.map_err(Failure::into_response)
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

    /// Whether the pages on the way keep their opener.
    async fn beside(&self) -> Result<Opener, Failure> {
        let way_back = match self {
            Self::Session(_) => None,
            Self::Link(opened, visit) => visit.pages.installer.way_back(Some(opened.id)).await?,
        };
        Ok(beside(way_back.as_ref()))
    }

    /// The page again, with the problem.
    async fn answer_refused(
        &self,
        account: &ProviderAccount,
        status: StatusCode,
        refused: &RefusedForm,
    ) -> Result<Response, Failure> {
        let said = (None, Some(account.provider.auth));
        match self {
            Self::Session(on) => provider_page::answer(on, account, status, said, Some(refused)).await,
            Self::Link(opened, visit) => by_link(visit, account, opened, status, said, Some(refused)).await,
        }
    }

    /// The account by the way whose form was sent.
    async fn sent(&self, account: &ProviderAccount, form: &Form) -> Result<ProviderAccount, Failure> {
        let chosen = form.get("auth").and_then(|word| word.parse().ok());
        let (tenant, wish) = match self {
            Self::Session(on) => (&on.tenant, Wish::chosen(chosen)),
            Self::Link(opened, _) => (&opened.tenant, opened.wish(chosen)),
        };
        Ok(self.visit().pages.installer.offer(tenant, account, wish).await?.shown)
    }
}

/// `POST …/{provider}/connect`
pub(super) async fn connect(
    State(pages): State<Pages>,
    named: Named,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let target = target(&visit, &named)?;
    let installs = match installs(visit, &target, &named).await {
        Ok(installs) => installs,
        Err(answer) => return Ok(answer),
    };
    let account = &installs.sent(&target.account, &form).await?;
    let provider = &account.provider;
    let (visit, who) = (installs.visit(), installs.installing());
    let connection = values(&form, "connection", &provider.connection);
    let fields = provider.form().map_or(&[][..], CredentialForm::typed);
    let credential = values(&form, "credential", fields);
    let refusal = if provider.oauth().is_some() {
        match pages.installer.begin(&who, account, Typed { connection, credential }, &visit.browser).await {
            Ok(url) => {
                let page = view::install::leaving(&visit.frame(), account, url.as_str());
                return Ok(visit.page_beside(installs.beside().await?, StatusCode::OK, page));
            }
            Err(refusal) => refusal,
        }
    } else {
        match pages.installer.submit(&who, account, connection, credential, &visit.browser).await {
            Ok(outcome) => return Ok(ended(visit, outcome, installs.beside().await?)),
            Err(refusal) => refusal,
        }
    };
    if matches!(refusal.kind, ProblemKind::OtherAccount(_))
        && let Some(way) = pages.installer.way_back(who.link).await?
    {
        let ending =
            Ending { back: &way.with(refusal.kind.result()), goes_on: true, request_id: &visit.request_id };
        return Ok(problem(visit, &refusal, Some(ending)));
    }
    match refused_form(&refusal, provider, form, visit.frame().is_for_customers()) {
        Some(refused) => installs.answer_refused(account, install_problem::status(&refusal), &refused).await,
        None => Ok(not_taken(visit, &refusal).await),
    }
}

/// Answers a form that cannot be sent again. The second of two clicks leads to what came of the first.
async fn not_taken(visit: &Visit, refusal: &InstallProblem) -> Response {
    match (is_finished_here(visit, &refusal.kind).await, &refusal.target) {
        (Ok(true), Some(target)) => visit.go_to(&page_of(visit, target)),
        (Ok(_), _) => problem(visit, refusal, None),
        (Err(failure), _) => failure.into_response(),
    }
}

/// `POST /dashboard/installs/confirm`: the person wants the other account.
pub(super) async fn confirm(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let pending = form.trimmed("pending");
    match pages.installer.confirm(pending, visit.known_browser(), &visit.request_id).await {
        Ok(outcome) => go_on(&pages, &visit, pending, outcome).await,
        Err(problem) => Ok(answered(&visit, &problem)),
    }
}

/// Where a person goes whose answer to a question was taken: back to the product that they came from, or on here.
async fn go_on(
    pages: &Pages,
    visit: &Visit,
    pending: &str,
    outcome: InstallOutcome,
) -> Result<Response, Failure> {
    Ok(match pages.installer.returning(pending).await? {
        Some(install) => visit.go_to(&visit.addresses.installation(install)),
        None => ended(visit, outcome, Opener::Severed),
    })
}

/// `POST /dashboard/installs/choose`: the person has chosen one of several.
pub(super) async fn choose(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let (pending, item) = (form.trimmed("pending"), form.trimmed("item").parse().ok());
    let outcome = pages.installer.choose(pending, item, visit.known_browser(), &visit.request_id).await;
    match outcome {
        Ok(InstallOutcome::Unchosen { target, items, .. }) => {
            let goes_back = pages.installer.returning(pending).await?.is_some();
            let is_here = visit.session.is_some() && !goes_back;
            let opener = if goes_back { Opener::Kept } else { Opener::Severed };
            let visit = if is_here { visit } else { visit.for_customers_of(target.project).await? };
            Ok(which(&visit, &target, (pending, &items), StatusCode::UNPROCESSABLE_ENTITY, opener))
        }
        Ok(outcome) => go_on(&pages, &visit, pending, outcome).await,
        Err(problem) => Ok(answered(&visit, &problem)),
    }
}

/// `POST /dashboard/installs/abandon`: the person does not want it.
pub(super) async fn abandon(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let pending = form.trimmed("pending");
    match pages.installer.abandon(pending, visit.known_browser(), &visit.request_id).await {
        Ok(target) => match pages.installer.returning(pending).await? {
            Some(install) => Ok(visit.go_to(&visit.addresses.installation(install))),
            None => Ok(visit.go_to(&format!("{}?done={}", page_of(&visit, &target), Flash::Kept.as_str()))),
        },
        Err(problem) => Ok(answered(&visit, &problem)),
    }
}

/// Answers a person whose answer about another account was not taken. If it was taken before, for example by the first
/// click of two, the person is shown what came of that.
fn answered(visit: &Visit, refusal: &InstallProblem) -> Response {
    match refusal.install.as_deref() {
        Some(install) => visit.go_to(&visit.addresses.installation(*install)),
        None => problem(visit, refusal, None),
    }
}

/// Redirects after an installation, or asks about another account.
fn ended(visit: &Visit, outcome: InstallOutcome, opener: Opener) -> Response {
    match outcome {
        InstallOutcome::Installed { target, .. } => {
            visit.go_to(&format!("{}?done={}", page_of(visit, &target), Flash::Connected.as_str()))
        }
        InstallOutcome::Unchosen { target, pending, items } => {
            which(visit, &target, (pending.expose(), &items), StatusCode::OK, opener)
        }
        InstallOutcome::Unconfirmed { target, pending, before, after } => {
            ask(visit, &target, pending.expose(), (&before, after.as_deref()), opener)
        }
    }
}

/// Asks whether another account is meant: `before` is connected, and `after` would replace it.
pub(super) fn ask(
    visit: &Visit,
    target: &InstallTarget,
    pending: &str,
    (before, after): (&str, Option<&str>),
    opener: Opener,
) -> Response {
    let other = view::install::OtherAccount { pending, before, after };
    visit.page_beside(opener, StatusCode::OK, view::install::confirm(&visit.frame(), &target.account, &other))
}

/// Asks which of several is meant. Whoever chose none is told so by the status.
pub(super) fn which(
    visit: &Visit,
    target: &InstallTarget,
    (pending, items): (&str, &[ChoiceItem]),
    status: StatusCode,
    opener: Opener,
) -> Response {
    let choosing = view::choose::Choosing { pending, items, is_refused: status != StatusCode::OK };
    visit.page_beside(opener, status, view::choose::page(&visit.frame(), &target.account, &choosing))
}

/// The page for a person who opened a link.
async fn by_link(
    visit: &Visit,
    account: &ProviderAccount,
    opened: &OpenLink,
    status: StatusCode,
    (flash, chosen): (Option<Flash>, Option<AuthKind>),
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let pages = &visit.pages;
    let offer = pages.installer.offer(&opened.tenant, account, opened.wish(chosen)).await?;
    let account = &offer.shown;
    let names = pages.organizations.project_names(&opened.tenant).await?;
    let page = ProviderPage {
        account,
        project: Project { id: opened.tenant.project, pending: None, names: &names },
        integration: None,
        credential: None,
        is_moving: false,
        next_check_at: None,
        health: &[],
        accounts: &[],
        connection: &Map::new(),
        offer: &offer,
        events: &[],
        revocation: None,
        flash,
        refused,
    };
    let way_back = pages.installer.way_back(Some(opened.id)).await?;
    let back = way_back.as_ref().map(|way| way.with(InstallResult::Denied));
    let in_app = in_app(visit, account, opened.tenant.project);
    let page = view::install::page(&visit.frame(), &page, back.as_ref(), in_app.as_ref());
    Ok(visit.page_beside(beside(way_back.as_ref()), status, page))
}

/// The way out of a browser in which the provider refuses to sign people in. The link is as good in any other.
fn in_app(visit: &Visit, account: &ProviderAccount, project: ProjectId) -> Option<InApp> {
    let is_refused = account.provider.oauth().is_some_and(|oauth| oauth.needs_real_browser);
    let browser = visit.in_app.filter(|_| is_refused)?;
    let page = visit.addresses.provider(project, account.as_str());
    let link = visit.link.as_deref()?;
    Some(InApp { address: format!("{}{page}?session={link}", visit.addresses.origin()), browser })
}

/// The problem, to be shown with the form. `None` if the form can no longer be used.
fn refused_form(
    refusal: &InstallProblem,
    provider: &Provider,
    typed: Form,
    is_customer: bool,
) -> Option<RefusedForm> {
    let said = Said::of(refusal, is_customer);
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
        true => format!("{} {}", said.explanation, said.advice),
        false => said.advice,
    };
    Some(RefusedForm::new(Part::Connection, &said.title, &advice, issues, typed))
}

/// The end of an installation that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    /// The way back to the product.
    pub(super) back: &'a Return,
    /// Whether the browser takes it by itself.
    pub(super) goes_on: bool,
    /// The request that failed, which the log names.
    pub(super) request_id: &'a str,
}

/// The page of a failed installation. With an `ending` it leads back to the product.
pub(super) fn problem(visit: &Visit, problem: &InstallProblem, ending: Option<Ending<'_>>) -> Response {
    let Some(Ending { back, goes_on, request_id }) = ending else {
        return problem_here(visit, problem, &visit.request_id);
    };
    let frame = visit.frame();
    let Said { title, explanation, advice } = Said::of(problem, frame.is_for_customers());
    let words = Words { title: &title, explanation: &explanation, advice: &advice, way_on: None, request_id };
    let page = view::install::failed(&frame, &words, back, goes_on);
    visit.page_beside(Opener::Kept, install_problem::status(problem), page)
}

/// The page of a failed installation that leads to a page here. `request_id` is the request that failed.
pub(super) fn problem_here(visit: &Visit, problem: &InstallProblem, request_id: &str) -> Response {
    let frame = visit.frame();
    let Said { title, explanation, advice } = Said::of(problem, frame.is_for_customers());
    let way_on = way_on(visit, problem, frame.is_for_customers());
    let words = Words {
        title: &title,
        explanation: &explanation,
        advice: &advice,
        way_on: way_on.as_ref().map(|(address, label)| (address.as_str(), label.as_str())),
        request_id,
    };
    visit.page(install_problem::status(problem), failure::page(&frame, &words))
}

/// The next page after a problem. A customer has no other pages here than that of their link.
fn way_on(visit: &Visit, problem: &InstallProblem, is_customer: bool) -> Option<(String, String)> {
    let is_over =
        matches!(problem.kind, ProblemKind::Link(_) | ProblemKind::RightsGone | ProblemKind::ProjectGone);
    match &problem.target {
        Some(_) if is_over && is_customer => None,
        Some(target) if is_over && visit.session.is_none() => {
            Some((visit.addresses.sign_in_for(&page_of(visit, target)), "Sign in".to_owned()))
        }
        Some(target) => Some((page_of(visit, target), format!("Back to {}", target.account.label()))),
        None if is_customer => None,
        None => Some((visit.addresses.home(), "To the dashboard".to_owned())),
    }
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
