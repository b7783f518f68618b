//! The OAuth apps of an organization or of a project: which one counts, set, check and remove.

use std::{collections::BTreeSet, marker::PhantomData, sync::Arc};

use axum::{
    Router,
    extract::{FromRequestParts, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{StatusCode, Uri, request::Parts};
use integrations_core::{
    audit::Acting,
    catalog::{NoSuchProvider, OAuth, Provider},
    error::ErrorCode,
    fields::BodyError,
    ids::OrganizationId,
    issue::Issue,
    oauth_app::{NewOAuthApp, check_scope},
    rights::Reach,
    words::words,
};
use serde_json::{Map, Value};

use super::{
    addresses::AppsPlace,
    in_organization::InOrganization,
    install,
    sessions::Session,
    shown,
    state::Pages,
    view::{
        layout::Project,
        oauth_app::{self, AppPage, News, Removal},
        oauth_apps::{self, Owner},
        provider_page::{Part, RefusedForm},
    },
    visit::{Named, OnProject, Posted, Visit, Visited, ask_to_sign_in},
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        path, query,
        scoped::{OauthAppsAdmin, OauthAppsRead, Scoped},
    },
    services::install::AppCheckError,
    store::{AppsOf, ProjectNames, Tenant},
};

/// The pages below an address that ends in `oauth-apps`.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes(apps: &str) -> Router<Pages> {
    let app = format!("{apps}/{{provider}}");
    Router::new()
        .route(apps, get(list))
        .route(&app, get(show).post(set))
        .route(&format!("{app}/check"), post(check))
        .route(&format!("{app}/remove"), get(ask_to_remove).post(remove))
}

words! {
    /// What was just done. Its word stands in the address. Other words are ignored.
    enum Done {
        /// The app was set.
        Set = "set",
        /// It was removed.
        Removed = "removed",
    }
}

impl Done {
    const fn words(self) -> &'static str {
        match self {
            Self::Set => "The app is saved. Check it below.",
            Self::Removed => "The app is removed here.",
        }
    }
}

/// A request for the OAuth apps of an organization or a project by a person whose rights cover the scope `S` there.
/// Others are asked to sign in, or get an error page.
#[derive(Debug)]
pub(super) struct OnApps<S> {
    pub(super) visit: Visit,
    pub(super) session: Session,
    whose: Whose,
    /// The provider of the path. `None` if it has none that is text.
    provider: Option<String>,
    scope: PhantomData<S>,
}

/// Who has the apps, with their names.
#[derive(Debug)]
enum Whose {
    Organization(OrganizationId, String),
    Project(Tenant, ProjectNames, Option<u64>),
}

impl<S> OnApps<S> {
    /// Whose installations the apps are for.
    pub(super) fn of(&self) -> AppsOf {
        match &self.whose {
            Whose::Organization(id, _) => AppsOf::Organization(*id),
            Whose::Project(tenant, ..) => AppsOf::Project(*tenant),
        }
    }

    /// Whose they are, with the names.
    pub(super) fn owner(&self) -> Owner<'_> {
        match &self.whose {
            Whose::Organization(id, name) => Owner::Organization(*id, name),
            Whose::Project(tenant, names, pending) => {
                let project = Project { id: tenant.project, pending: *pending, names };
                Owner::Project(project, tenant.organization)
            }
        }
    }

    /// The provider that the path names.
    pub(super) fn provider(&self) -> Result<Arc<Provider>, Failure> {
        let found = self.visit.pages.catalog.with_app(self.provider.as_deref().unwrap_or_default());
        let provider = found.ok_or(NoSuchProvider::Key)?;
        provider.oauth_by_app().ok_or_else(Failure::without_oauth)?;
        Ok(Arc::clone(provider))
    }

    /// Who acts, for the audit log.
    pub(super) fn acting(&self) -> Acting {
        self.visit.acting(&self.session)
    }

    /// Sends the browser to the page of an app, which says what was done.
    fn after(&self, provider: &Provider, done: Done) -> Response {
        let page = self.visit.addresses.oauth_app(self.owner().place(), provider.key.as_str());
        self.visit.go_to(&format!("{page}?done={}", done.as_str()))
    }

    /// Answers with the page of an app, as it is now.
    async fn answer(
        &self,
        provider: &Provider,
        status: StatusCode,
        news: News<'_>,
    ) -> Result<Response, Failure> {
        let oauth = provider.oauth_by_app().ok_or_else(Failure::without_oauth)?;
        let current = self.visit.pages.app_settings.current_of(self.of(), provider).await?;
        let page = AppPage { owner: self.owner(), provider, oauth, current: &current, news };
        Ok(self.visit.page(status, oauth_app::page(&self.visit.frame(), &page)))
    }
}

impl<S> Visited for OnApps<S> {
    fn visit(&self) -> &Visit {
        &self.visit
    }
}

impl<S: Scoped> FromRequestParts<Pages> for OnApps<S> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, pages).await?;
        let Ok(named) = Named::from_request_parts(parts, pages).await;
        // `Some` on an organization's page, whatever its text is.
        let organization = path::parameters(parts)
            .find(|(name, _)| *name == "orgId")
            .map(|(_, text)| text.and_then(|text| text.parse().ok()));
        let Some(session) = visit.session.clone() else {
            return Err(ask_to_sign_in(&visit, &page_of(&visit, organization.flatten(), &named)));
        };
        match organization {
            Some(asked) => in_organization(visit, session, asked, named.provider).await,
            None => in_project(visit, session, named).await.map_err(Failure::into_response),
        }
    }
}

/// The page to open after signing in.
fn page_of(visit: &Visit, organization: Option<OrganizationId>, named: &Named) -> String {
    let of_project = named.project.map(AppsPlace::Project);
    let Some(place) = organization.map(AppsPlace::Organization).or(of_project) else {
        return visit.addresses.home();
    };
    match &named.provider {
        Some(provider) => visit.addresses.oauth_app(place, provider),
        None => visit.addresses.oauth_apps(place),
    }
}

async fn in_project<S: Scoped>(visit: Visit, session: Session, named: Named) -> Result<OnApps<S>, Failure> {
    let OnProject { visit, tenant, names, pending, named, session } =
        OnProject::enter(visit, session, named).await?.allow::<S>()?.on;
    Ok(OnApps {
        visit,
        session,
        whose: Whose::Project(tenant, names, pending),
        provider: named.provider,
        scope: PhantomData,
    })
}

async fn in_organization<S: Scoped>(
    visit: Visit,
    session: Session,
    asked: Option<OrganizationId>,
    provider: Option<String>,
) -> Result<OnApps<S>, Response> {
    let InOrganization { visit, session, name, .. } =
        InOrganization::<S>::enter(visit, session, asked, None).await?;
    if session.who.rights.reach != Reach::Organization {
        return Err(visit.failure(
            StatusCode::FORBIDDEN,
            "This concerns the whole organization",
            "Your API key is bound to projects. Nothing was changed.",
            "Open the OAuth apps of one of these projects, or sign in with a key that is not bound.",
        ));
    }
    let whose = Whose::Organization(session.organization, name);
    Ok(OnApps { visit, session, whose, provider, scope: PhantomData })
}

/// `GET …/oauth-apps`
async fn list(State(pages): State<Pages>, on: OnApps<OauthAppsRead>) -> Result<Response, Failure> {
    let apps = pages.app_settings.current(on.of(), pages.catalog.by_app()).await?;
    Ok(on.visit.page(StatusCode::OK, oauth_apps::page(&on.visit.frame(), &on.owner(), &apps)))
}

/// `GET …/oauth-apps/{provider}`
async fn show(on: OnApps<OauthAppsRead>, uri: Uri) -> Result<Response, Failure> {
    let [done] = query::parameters(&uri, ["done"])?;
    let done = done.and_then(|word| word.parse::<Done>().ok());
    let provider = on.provider()?;
    let news = done.map_or(News::Nothing, |done| News::Done(done.words()));
    on.answer(&provider, StatusCode::OK, news).await
}

/// `POST …/oauth-apps/{provider}`
async fn set(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<OnApps<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let provider = on.provider()?;
    let oauth = provider.oauth_by_app().ok_or_else(Failure::without_oauth)?;
    let current = pages.app_settings.current_of(on.of(), &provider).await?;
    if form.trimmed("shown") != shown::of_app(&current) {
        let refused = RefusedForm::outdated(Part::OauthApp, form);
        return on.answer(&provider, StatusCode::PRECONDITION_FAILED, News::Refused(&refused)).await;
    }
    let set = match read(&form, oauth) {
        Ok(new) => pages.app_settings.set(on.of(), &provider, new, on.acting()).await.map_err(Failure::from),
        Err(error) => Err(error.into()),
    };
    match set {
        Ok(()) => Ok(on.after(&provider, Done::Set)),
        Err(failure) if failure.code == ErrorCode::BadRequest => {
            let advice = "Correct what is marked below, and type the secret again.";
            let refused =
                RefusedForm::new(Part::OauthApp, "The app was not saved", advice, failure.issues, form);
            on.answer(&provider, StatusCode::UNPROCESSABLE_ENTITY, News::Refused(&refused)).await
        }
        Err(failure) => Err(failure),
    }
}

/// `POST …/oauth-apps/{provider}/check`
async fn check(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<OnApps<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let provider = on.provider()?;
    let connection = install::values(&form, "connection", &provider.connection);
    match pages.installer.check_app(on.of(), &provider, &connection).await {
        Ok(verdict) => on.answer(&provider, StatusCode::OK, News::Checked(&verdict, &form)).await,
        Err(AppCheckError::Invalid(issues)) => {
            let advice = "Correct what is marked below.";
            let refused =
                RefusedForm::new(Part::OauthAppCheck, "The app was not checked", advice, issues, form);
            on.answer(&provider, StatusCode::UNPROCESSABLE_ENTITY, News::Refused(&refused)).await
        }
        Err(AppCheckError::NotConfigured) => {
            let message = format!("No OAuth app is set for {}", provider.name);
            Err(Failure::new(ErrorCode::ProviderNotConfigured, message))
        }
        Err(AppCheckError::Failed(kind)) => Err(Failure::internal(&format!("checking an app: {kind:?}"))),
    }
}

/// `GET …/oauth-apps/{provider}/remove`: asks before it removes.
async fn ask_to_remove(State(pages): State<Pages>, on: OnApps<OauthAppsAdmin>) -> Result<Response, Failure> {
    let provider = on.provider()?;
    let (current, next) = pages.app_settings.current_and_next(on.of(), &provider).await?;
    if current.owner() != Some(on.of().nearest()) || current.is_shared(&provider) {
        return Ok(on.visit.failure(
            StatusCode::NOT_FOUND,
            "There is no app to remove here",
            &format!("{} has no OAuth app of {}.", provider.name, on.owner().words()),
            "Look at its page which app counts.",
        ));
    }
    let removal = Removal {
        owner: on.owner(),
        provider: &provider,
        client_id: current.client_id().unwrap_or_default(),
        next: &next,
        served: pages.app_settings.served(on.of(), &provider).await?,
    };
    Ok(on.visit.page(StatusCode::OK, oauth_app::removal(&on.visit.frame(), &removal)))
}

/// `POST …/oauth-apps/{provider}/remove`. Repeating it is not an error.
async fn remove(
    State(pages): State<Pages>,
    Posted { by: on, .. }: Posted<OnApps<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let provider = on.provider()?;
    pages.app_settings.remove(on.of(), &provider, on.acting()).await?;
    Ok(on.after(&provider, Done::Removed))
}

/// Reads the app that a form asks for, by the rules of the API's PUT. Scopes may stand on lines of their own or beside
/// each other, as providers write them.
fn read(form: &Form, oauth: &OAuth) -> Result<NewOAuthApp, BodyError> {
    // Services that share an app ask for scopes of their own.
    let has_scopes = oauth.services.is_empty();
    let typed: Vec<&str> = form
        .trimmed("scopes")
        .split(|letter: char| letter.is_whitespace() || letter == ',')
        .filter(|scope| !scope.is_empty())
        .collect();
    let is_usual = !has_scopes || form.is_ticked("usual_scopes") || is_same(&typed, &oauth.scopes);
    let scopes = if is_usual { Vec::new() } else { typed };
    let wrong = scopes.iter().find_map(|scope| Some((scope, check_scope(scope).err()?)));
    let mut body = Map::new();
    for name in ["client_id", "client_secret"] {
        let text = form.trimmed(name);
        if !text.is_empty() {
            body.insert(name.to_owned(), text.into());
        }
    }
    if !is_usual && wrong.is_none() {
        body.insert("scopes".to_owned(), scopes.iter().copied().collect());
    }
    if !oauth.app_fields.is_empty() {
        body.insert("fields".to_owned(), install::values(form, "fields", &oauth.app_fields).into());
    }
    let read = NewOAuthApp::read(oauth, Value::Object(body).to_string().as_bytes());
    let Some((scope, message)) = wrong else { return read };
    let mut issues = match read {
        Err(BodyError::Invalid(issues)) => issues,
        Err(error) => return Err(error),
        Ok(_) => Vec::new(),
    };
    issues.push(Issue::new("scopes", format!("“{scope}”: {message}")));
    Err(BodyError::Invalid(issues))
}

/// Whether these are the same scopes, in any order.
fn is_same(typed: &[&str], usual: &[String]) -> bool {
    typed.iter().copied().collect::<BTreeSet<_>>() == usual.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;

    use super::*;

    fn asked<const N: usize>(fields: [(&str, &str); N]) -> Result<NewOAuthApp, BodyError> {
        let catalog = Catalog::embedded().unwrap();
        read(&Form::from(fields), catalog.get("linear").unwrap().oauth().unwrap())
    }

    #[test]
    fn scopes_are_read_however_they_are_separated() {
        let scopes = |typed| asked([("client_id", "c"), ("scopes", typed)]).ok().unwrap().scopes;
        let own = Some(["read", "issues:create"].map(str::to_owned).to_vec());
        for typed in ["read\r\nissues:create\r\n", "read, issues:create", " read issues:create read"] {
            assert_eq!(scopes(typed), own, "{typed}");
        }
        // The usual ones, in any order, are no choice of its own.
        assert_eq!(scopes("write\r\nread"), None);
        assert_eq!(scopes(""), Some(Vec::new()));
        let usual = [("client_id", "c"), ("scopes", "read"), ("usual_scopes", "on")];
        assert_eq!(asked(usual).ok().unwrap().scopes, None);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let Err(BodyError::Invalid(issues)) = asked([("client_id", " "), ("scopes", "read \"write\"")])
        else {
            panic!()
        };
        let told: Vec<String> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], "client_id: Required");
        assert!(told[1].starts_with("scopes: “\"write\"”: Must be one scope"), "{told:?}");
    }
}
