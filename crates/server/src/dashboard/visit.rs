//! Visitors of a page, as types: a handler names what it needs, and is not called without it.

use std::{borrow::Cow, convert::Infallible, fmt, marker::PhantomData, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header, request::Parts};
use integrations_core::{
    audit::Acting,
    catalog::{NoSuchProvider, ProviderAccount},
    ids::{ProjectId, WebhookId},
    in_app_browser::{self, RealBrowser},
    scope::RequiredScope,
};
use maud::Markup;

use super::{
    addresses::Addresses,
    cookies::Cookie,
    csrf,
    destination::Destination,
    headers::{self, Opener},
    sessions::{self, Session},
    view::{
        failure,
        frame::{Face, Frame},
        layout::Project,
    },
};
use crate::{
    dashboard::state::Pages,
    edge::{
        body, brand::Look, failure::Failure, form::Form, path, request_id::CurrentRequest, scoped::Scoped,
    },
    store::{Denied, ProjectNames, ReadError, Tenant},
    token::Token,
};

/// A person's request for a page, signed in or not.
#[derive(Clone)]
pub(crate) struct Visit {
    /// What all handlers share.
    pub(crate) pages: Pages,
    /// Makes links.
    pub(crate) addresses: Addresses,
    /// The request's id.
    pub(crate) request_id: Arc<str>,
    /// The session, if there is a valid one.
    pub(crate) session: Option<Session>,
    /// The token of the session's cookie, valid or not.
    pub(crate) session_token: Option<String>,
    /// The token of the browser's cookie.
    pub(crate) browser: String,
    /// The install link that was opened for this page in this browser.
    pub(crate) link: Option<String>,
    /// How the page gets out of a browser that is built into another program.
    pub(crate) in_app: Option<RealBrowser>,
    /// How the pages present themselves, if customers see them.
    look: Option<Arc<Look>>,
    /// Whether the browser has no cookie yet, so that the answer must set it.
    is_new: bool,
    csrf: String,
}

impl Visit {
    /// The frame of all pages of this visit.
    pub(crate) fn frame(&self) -> Frame<'_> {
        // Nobody's rights show on a page for customers, even if somebody is signed in.
        let session = self.session.as_ref().filter(|_| self.look.is_none());
        let who = session.map(|session| &session.who);
        Frame {
            addresses: &self.addresses,
            csrf: &self.csrf,
            who,
            organization: session.map(|session| session.organization),
            is_person: session.is_some_and(Session::is_of_person),
            operator: &self.pages.settings.operator,
            face: self.look.as_deref().map_or(Face::Dashboard, Face::Customer),
            now: self.pages.environment.now(),
            is_quiet: self.pages.sessions.is_quiet(),
        }
    }

    /// The same visit on the pages that a project's customers see.
    pub(crate) async fn for_customers_of(mut self, project: ProjectId) -> Result<Self, Failure> {
        let branding = self.pages.organizations.branding(project).await?;
        self.look = Some(Arc::new(self.pages.settings.brands.look(branding.as_ref())));
        Ok(self)
    }

    /// The same on those that any customer may see.
    pub(crate) fn for_customers(mut self) -> Self {
        self.look = Some(Arc::new(self.pages.settings.brands.look(None)));
        self
    }

    /// Who acts in this session and the request, for the audit log.
    pub(crate) fn acting(&self, session: &Session) -> Acting {
        Acting { actor: session.principal.into(), request_id: Some(self.request_id.to_string()) }
    }

    /// Answers with a page.
    pub(crate) fn page(&self, status: StatusCode, markup: Markup) -> Response {
        self.with_cookie(headers::page(status, markup))
    }

    /// Answers with a page beside the window that opened it.
    pub(crate) fn page_beside(&self, opener: Opener, status: StatusCode, markup: Markup) -> Response {
        self.with_cookie(headers::page_beside(opener, status, markup))
    }

    /// Sends the browser to another page.
    pub(crate) fn go_to(&self, address: &str) -> Response {
        self.with_cookie(headers::redirect(address))
    }

    /// Goes on with the session of this token, in place of the one that the browser had.
    pub(crate) async fn enter(&self, token: &Token, address: &str) -> Result<Response, Failure> {
        if let Some(before) = &self.session_token {
            self.pages.sessions.end(before).await?;
        }
        let mut response = self.go_to(address);
        let cookie = Cookie::Session.set(token.expose(), "/", Some(sessions::LIFE), &self.addresses);
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// Answers with an error page.
    pub(crate) fn failure(
        &self,
        status: StatusCode,
        title: &str,
        explanation: &str,
        advice: &str,
    ) -> Response {
        let home = self.addresses.home();
        let words = failure::Words {
            title,
            explanation,
            advice,
            way_on: Some((&home, "To the dashboard")),
            request_id: &self.request_id,
        };
        self.page(status, failure::page(&self.frame(), &words))
    }

    /// The token of the browser's cookie, if the request had one.
    pub(crate) fn known_browser(&self) -> Option<&str> {
        (!self.is_new).then_some(self.browser.as_str())
    }

    fn with_cookie(&self, mut response: Response) -> Response {
        let cookie = self.is_new.then(|| Cookie::Browser.set(&self.browser, "/", None, &self.addresses));
        if let Some(cookie) = cookie.flatten() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl fmt::Debug for Visit {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let addresses = Addresses::new(&pages.settings.public_url);
        let Some(CurrentRequest(request_id)) = parts.extensions.get::<CurrentRequest>().cloned() else {
            return Err(Failure::internal(&"a request without an id").into_response());
        };
        if !csrf::is_navigation(&parts.headers) {
            return Err(only_for_a_window(pages, &addresses, &request_id));
        }
        let read = |cookie: Cookie| cookie.read(&parts.headers, &addresses).map(str::to_owned);
        let (browser, session_token, link) =
            (read(Cookie::Browser), read(Cookie::Session), read(Cookie::Install));
        let session = match &session_token {
            Some(token) => {
                pages.sessions.find(token).await.map_err(|error| Failure::from(error).into_response())?
            }
            None => None,
        };
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let in_app = agent.and_then(in_app_browser::way_out);
        let is_new = browser.is_none();
        let browser = browser.unwrap_or_else(|| Token::generate(&pages.environment).expose().to_owned());
        let csrf = csrf::token(&browser, session_token.as_deref());
        Ok(Self {
            pages: pages.clone(),
            addresses,
            request_id,
            session,
            session_token,
            browser,
            link,
            in_app,
            look: None,
            is_new,
            csrf,
        })
    }
}

/// What the path names: a project, and perhaps something in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// The project. `None` if the path's text is not an id.
    pub(crate) project: Option<ProjectId>,
    /// The provider, with the alias of a further account. `None` if the path's text is not UTF-8.
    pub(crate) provider: Option<String>,
    /// The webhook. `None` if the path's text is not an id.
    pub(crate) webhook: Option<WebhookId>,
    /// The action, the run, the approval or the delivery.
    pub(crate) item: Option<String>,
}

impl Named {
    /// The account of a provider that the path names.
    pub(crate) fn account(&self, pages: &Pages) -> Result<ProviderAccount, NoSuchProvider> {
        pages.account(self.provider.as_deref())
    }
}

impl FromRequestParts<Pages> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Pages) -> Result<Self, Infallible> {
        let mut named = Self::default();
        for (name, value) in path::parameters(parts) {
            match name {
                "projectId" => named.project = value.and_then(|text| text.parse().ok()),
                "webhookId" => named.webhook = value.and_then(|text| text.parse().ok()),
                "provider" => named.provider = value.map(Cow::into_owned),
                _ => named.item = value.map(Cow::into_owned),
            }
        }
        Ok(named)
    }
}

/// A request for a project's page by a person who is signed in and whose organization owns the project. Others are
/// asked to sign in, or get an error page.
#[derive(Debug)]
pub(crate) struct OnProject {
    /// The visit.
    pub(crate) visit: Visit,
    /// The project, with the session's organization.
    pub(crate) tenant: Tenant,
    /// The names of the project and its organization.
    pub(crate) names: ProjectNames,
    /// How many calls wait for a person, if the session may see them.
    pub(crate) pending: Option<u64>,
    /// What the path names.
    pub(crate) named: Named,
    /// The session.
    pub(crate) session: Session,
}

impl OnProject {
    /// Checks that the session's organization owns the project, and that its rights hold there.
    pub(crate) async fn enter(visit: Visit, session: Session, named: Named) -> Result<Self, ReadError> {
        let project = named.project.ok_or(Denied::NoSuchProject)?;
        let tenant = Tenant { organization: session.organization, project };
        visit.pages.organizations.recall_denied(&tenant)?;
        let names = visit.pages.organizations.project_names(&tenant).await?;
        if !session.who.rights.reach.includes(project) {
            return Err(Denied::OutOfReach.into());
        }
        let pending = if session.who.rights.cover(RequiredScope::APPROVALS_READ) {
            Some(visit.pages.actions.count_pending_approvals(&tenant).await?)
        } else {
            None
        };
        Ok(Self { visit, tenant, names, pending, named, session })
    }

    /// The project, for its pages.
    pub(crate) fn project(&self) -> Project<'_> {
        Project { id: self.tenant.project, pending: self.pending, names: &self.names }
    }

    /// Who acts and the request, for the audit log.
    pub(crate) fn acting(&self) -> Acting {
        self.visit.acting(&self.session)
    }
}

/// [`OnProject`] for a person whose rights cover the scope `S`, as the same request to the API would need it. Handlers
/// get a project only through this type, so none can forget the check.
#[derive(Debug)]
pub(crate) struct Allowed<S> {
    /// The request.
    pub(crate) on: OnProject,
    scope: PhantomData<S>,
}

impl OnProject {
    /// Checks what the session may do.
    pub(crate) fn allow<S: Scoped>(self) -> Result<Allowed<S>, Failure> {
        if !self.session.who.rights.cover(S::REQUIRED) {
            return Err(Failure::insufficient_scope(S::REQUIRED));
        }
        Ok(Allowed { on: self, scope: PhantomData })
    }
}

impl<S: Scoped> FromRequestParts<Pages> for Allowed<S> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, pages).await?;
        let Ok(named) = Named::from_request_parts(parts, pages).await;
        let Some(session) = visit.session.clone() else {
            let page = Destination::near(parts.uri.path(), &visit.addresses);
            return Err(ask_to_sign_in(&visit, &page.address(&visit.addresses)));
        };
        let entered = OnProject::enter(visit, session, named).await.map_err(Failure::from);
        entered.and_then(OnProject::allow).map_err(Failure::into_response)
    }
}

/// The page for a request that a script or a frame makes. It names nobody and sets no cookie.
fn only_for_a_window(pages: &Pages, addresses: &Addresses, request_id: &str) -> Response {
    let home = addresses.home();
    let words = failure::Words {
        title: "Open this page in a browser's window",
        explanation: "A script or a frame asked for it, and the dashboard answers only to a window of its own. Nothing \
                      was changed.",
        advice: "Open the address in a tab.",
        way_on: Some((&home, "To the dashboard")),
        request_id,
    };
    let operator = &pages.settings.operator;
    let frame = Frame::of_nobody(addresses, operator);
    headers::page(StatusCode::FORBIDDEN, failure::page(&frame, &words))
}

/// Redirects a person who is not signed in to the page to sign in, and on to `page` afterwards.
pub(crate) fn ask_to_sign_in(visit: &Visit, page: &str) -> Response {
    visit.go_to(&visit.addresses.sign_in_for(page))
}

/// A type that contains a visit.
pub(crate) trait Visited {
    /// The visit.
    fn visit(&self) -> &Visit;
}

impl Visited for Visit {
    fn visit(&self) -> &Visit {
        self
    }
}

impl<S> Visited for Allowed<S> {
    fn visit(&self) -> &Visit {
        &self.on.visit
    }
}

/// A form that was sent from one of our own pages, with its sender. Handlers get a form's fields only through this
/// type, so none can forget the check.
#[derive(Debug)]
pub(crate) struct Posted<V> {
    /// Who sent it.
    pub(crate) by: V,
    /// Its fields.
    pub(crate) form: Form,
}

impl<V> FromRequest<Pages> for Posted<V>
where
    V: FromRequestParts<Pages, Rejection = Response> + Visited + Send,
{
    type Rejection = Response;

    async fn from_request(request: Request, pages: &Pages) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let by = V::from_request_parts(&mut parts, pages).await?;
        let is_signed_in = by.visit().session.is_some();
        let form = body::form(&parts.headers, body, &pages.settings, is_signed_in).await;
        let (form, visit) = (form.map_err(Failure::into_response)?, by.visit());
        let is_ours = csrf::is_from_here(&parts.headers, &visit.addresses)
            && csrf::is_token(&visit.csrf, form.get("csrf").unwrap_or_default());
        if is_ours {
            return Ok(Self { by, form });
        }
        Err(visit.failure(
            StatusCode::FORBIDDEN,
            "This form cannot be used any more",
            "It does not belong to your current session, or was not sent from one of this server's own pages. \
             Nothing was changed.",
            "Go back, load the page again, and send the form from there. Cookies must be allowed.",
        ))
    }
}
