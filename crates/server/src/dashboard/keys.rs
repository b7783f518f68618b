//! The API keys of an organization: list them, make one, change it, rotate it and revoke it.

use std::collections::BTreeSet;

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{
    ids::{ApiKeyId, UserId},
    issue::Issue,
    key_request::Rotation,
    principal::Principal,
    tier::Tier,
};

use super::{
    flash::OwnedFlash,
    in_organization::InOrganization,
    key_form::{self, Choices, Overlap},
    shown,
    state::Pages,
    view::{
        key::{self, KeyPage},
        keys::{self, KeysPage, Names, NewKey},
        provider_page::{Part, RefusedForm},
    },
    visit::Posted,
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        query,
        scoped::{KeysAdmin, KeysRead},
    },
    services::keys::IssuedKey,
    store::{ApiKeyRecord, Forbidden, OwnedError, ProjectRecord},
};

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let keys = "/dashboard/orgs/{orgId}/keys";
    let key = format!("{keys}/{{keyId}}");
    Router::new()
        .route(keys, get(list).post(create))
        .route(&format!("{keys}/new"), get(new))
        .route(&key, get(show).post(change))
        .route(&format!("{key}/rotate"), post(rotate))
        .route(&format!("{key}/revoke"), get(ask_to_revoke).post(revoke))
}

/// The keys and projects of an organization in which a session has rights.
struct Contents {
    keys: Vec<ApiKeyRecord>,
    projects: Vec<ProjectRecord>,
}

impl Contents {
    async fn read<S>(on: &InOrganization<S>) -> Result<Self, Failure> {
        let pages = &on.visit.pages;
        Ok(Self {
            keys: pages.keys.list(on.id(), on.reach()).await?,
            projects: pages.organizations.projects_and_archived(on.id(), on.reach()).await?,
        })
    }

    async fn names<S>(&self, on: &InOrganization<S>) -> Result<Names<'_>, Failure> {
        let ids = self.keys.iter().flat_map(|key| [&key.made_by, &key.user_id]).flatten();
        let people: BTreeSet<UserId> = ids.filter_map(|id| id.parse().ok()).collect();
        let people = on.visit.pages.people.names(&people).await?;
        Ok(Names { keys: &self.keys, people, projects: &self.projects })
    }
}

/// `GET /dashboard/orgs/{orgId}/keys`
async fn list(State(pages): State<Pages>, on: InOrganization<KeysRead>) -> Result<Response, Failure> {
    let contents = Contents::read(&on).await?;
    let names = contents.names(&on).await?;
    let page = KeysPage { organization: on.organization(), names: &names, now: pages.environment.now() };
    Ok(on.visit.page(StatusCode::OK, keys::page(&on.visit.frame(), &page)))
}

/// `GET /dashboard/orgs/{orgId}/keys/new`
async fn new(on: InOrganization<KeysAdmin>) -> Result<Response, Failure> {
    answer_new(&on, StatusCode::OK, None).await
}

async fn answer_new(
    on: &InOrganization<KeysAdmin>,
    status: StatusCode,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let pages = &on.visit.pages;
    let choices = Choices::new(&on.session.who, pages.environment.now());
    let projects = pages.organizations.projects(on.id(), on.reach()).await?;
    let page = keys::new_key(&on.visit.frame(), &on.organization(), &choices, &projects, refused);
    Ok(on.visit.page(status, page))
}

/// `POST /dashboard/orgs/{orgId}/keys`. The answer is the only page that shows the key. It is no redirect, because then
/// the key would have to be kept in between.
async fn create(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<InOrganization<KeysAdmin>>,
) -> Result<Response, Failure> {
    let title = "The key was not created";
    let new = match key_form::new(&form, pages.environment.now())? {
        Ok(new) => new,
        Err(issues) => {
            let refused = refused(title, issues, form);
            return answer_new(&on, StatusCode::UNPROCESSABLE_ENTITY, Some(&refused)).await;
        }
    };
    let (tier, nothing) = (new.tier.unwrap_or(Tier::Starter), |_: &ApiKeyRecord| Ok(None));
    match pages.keys.create(on.id(), new, tier, on.acting(), nothing).await {
        Ok(issued) => Ok(show_issued(&on, &issued, None)),
        Err(error) => {
            let (status, issue) = beside_its_field(error)?;
            answer_new(&on, status, Some(&refused(title, vec![issue], form))).await
        }
    }
}

/// The page that shows a new key.
fn show_issued(
    on: &InOrganization<KeysAdmin>,
    issued: &IssuedKey,
    replaced: Option<&ApiKeyRecord>,
) -> Response {
    let now = on.visit.pages.environment.now();
    let key = NewKey { text: issued.key.expose(), record: &issued.record, replaced, now };
    on.visit.page(StatusCode::OK, keys::issued(&on.visit.frame(), &on.organization(), &key))
}

/// The key of a path, in whose projects the session has rights.
struct Found {
    id: ApiKeyId,
    key: ApiKeyRecord,
}

impl Found {
    async fn read<S>(on: &InOrganization<S>) -> Result<Self, Failure> {
        let id = on.key()?;
        let key = on.visit.pages.keys.get(on.id(), on.reach(), id).await.map_err(Failure::of_key)?;
        Ok(Self { id, key })
    }

    /// Answers with the page of the key, as it was read, or with the question whether to revoke it.
    async fn answer<S>(
        &self,
        on: &InOrganization<S>,
        status: StatusCode,
        shows: Shows<'_>,
    ) -> Result<Response, Failure> {
        let now = on.visit.pages.environment.now();
        let contents = Contents::read(on).await?;
        let (names, choices) = (contents.names(on).await?, Choices::new(&on.session.who, now));
        let by = on.session.principal.to_string();
        let page = KeyPage {
            organization: on.organization(),
            id: self.id,
            key: &self.key,
            names: &names,
            choices: &choices,
            is_of_other: self.key.user_id.as_ref().is_some_and(|user| *user != by),
            is_own: on.session.principal == Principal::ApiKey(self.id),
            now,
            flash: if let Shows::Key(flash) = shows { flash } else { None },
            refused: if let Shows::Refusal(refused) = shows { Some(refused) } else { None },
        };
        let frame = on.visit.frame();
        let markup = match shows {
            Shows::Question => key::ask(&frame, &page),
            Shows::Key(_) | Shows::Refusal(_) => key::page(&frame, &page),
        };
        Ok(on.visit.page(status, markup))
    }

    fn after<S>(&self, on: &InOrganization<S>, flash: OwnedFlash) -> Response {
        on.visit.go_to(&format!("{}?done={}", on.visit.addresses.key(on.id(), self.id), flash.as_str()))
    }
}

/// What a page of a key shows.
#[derive(Clone, Copy)]
enum Shows<'a> {
    /// The key, and what was just done to it.
    Key(Option<OwnedFlash>),
    /// The key, and what was just refused.
    Refusal(&'a RefusedForm),
    /// The question whether to revoke it.
    Question,
}

/// `GET /dashboard/orgs/{orgId}/keys/{keyId}`
async fn show(on: InOrganization<KeysRead>, uri: Uri) -> Result<Response, Failure> {
    let [done] = query::parameters(&uri, ["done"])?;
    let found = Found::read(&on).await?;
    let flash = done.and_then(|word| word.parse::<OwnedFlash>().ok());
    let flash = flash.filter(|flash| flash.is_of_key(found.key.revoked_at.is_some()));
    found.answer(&on, StatusCode::OK, Shows::Key(flash)).await
}

/// `POST /dashboard/orgs/{orgId}/keys/{keyId}`
async fn change(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<InOrganization<KeysAdmin>>,
) -> Result<Response, Failure> {
    let (title, found) = ("The key was not changed", Found::read(&on).await?);
    if form.trimmed("shown") != shown::of_key(&found.key) {
        let refused = RefusedForm::outdated(Part::Key, form);
        return found.answer(&on, StatusCode::PRECONDITION_FAILED, Shows::Refusal(&refused)).await;
    }
    let update = match key_form::update(&form, &found.key, pages.environment.now())? {
        Ok(update) => update,
        Err(issues) => {
            let refused = refused(title, issues, form);
            return found.answer(&on, StatusCode::UNPROCESSABLE_ENTITY, Shows::Refusal(&refused)).await;
        }
    };
    match pages.keys.update(on.id(), found.id, update, on.acting()).await {
        Ok(_) => Ok(found.after(&on, OwnedFlash::Changed)),
        Err(OwnedError::Ended) => Ok(ended(&on)),
        Err(error) => {
            let (status, issue) = beside_its_field(error)?;
            let refused = refused(title, vec![issue], form);
            found.answer(&on, status, Shows::Refusal(&refused)).await
        }
    }
}

/// `POST …/rotate`. The answer shows the new key, as that of [`create`] does.
async fn rotate(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<InOrganization<KeysAdmin>>,
) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    let Ok(overlap) = form.trimmed("overlap").parse::<Overlap>() else {
        let issue = Issue::new("overlap", "Choose how long the old key works on");
        return Err(Failure::invalid("The form does not say how long the old key works on", vec![issue]));
    };
    let rotation = Rotation { overlap: overlap.duration() };
    let nothing = |_: &ApiKeyRecord| Ok(None);
    match pages.keys.rotate(on.id(), found.id, rotation, on.acting(), nothing).await {
        Ok(issued) => {
            // The new key is shown whatever becomes of this: it is shown only now.
            let old = pages.keys.get(on.id(), on.reach(), found.id).await.ok();
            Ok(show_issued(&on, &issued, old.as_ref()))
        }
        Err(OwnedError::Ended) => Ok(ended(&on)),
        Err(error) => Err(Failure::of_key(error)),
    }
}

/// `GET …/revoke`: asks before it revokes.
async fn ask_to_revoke(on: InOrganization<KeysAdmin>) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    if found.key.revoked_at.is_some() {
        return Ok(on.visit.go_to(&on.visit.addresses.key(on.id(), found.id)));
    }
    found.answer(&on, StatusCode::OK, Shows::Question).await
}

/// `POST …/revoke`. Repeating it is not an error.
async fn revoke(
    State(pages): State<Pages>,
    Posted { by: on, .. }: Posted<InOrganization<KeysAdmin>>,
) -> Result<Response, Failure> {
    let found = Found::read(&on).await?;
    pages.keys.revoke(on.id(), found.id, on.acting()).await.map_err(Failure::of_key)?;
    Ok(found.after(&on, OwnedFlash::Revoked))
}

/// A refusal of the service that belongs to a field of the form. Others have their own pages.
fn beside_its_field(error: OwnedError) -> Result<(StatusCode, Issue), Failure> {
    use integrations_core::rights::Excess;

    let field = match &error {
        OwnedError::Forbidden(Forbidden::Excess(Excess::Scope(_))) => "scopes",
        OwnedError::Forbidden(Forbidden::Excess(Excess::Reach)) => "project_ids",
        OwnedError::Forbidden(Forbidden::Expiry(_)) => "life",
        OwnedError::Forbidden(Forbidden::Tier(_)) => "tier",
        OwnedError::NoSuchProject => {
            let message = "The organization has no such project, or it is archived";
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Issue::new("project_ids", message)));
        }
        _ => return Err(Failure::of_key(error)),
    };
    Ok((StatusCode::FORBIDDEN, Issue::new(field, format!("Not granted: {error}"))))
}

/// The answer for a key that has ended, or whose end is fixed because another took its place.
fn ended(on: &InOrganization<KeysAdmin>) -> Response {
    on.visit.failure(
        StatusCode::CONFLICT,
        "This key cannot be changed any more",
        "It is revoked, it has expired, or another key took its place. Nothing was changed.",
        "Make a new key.",
    )
}

fn refused(title: &str, issues: Vec<Issue>, typed: Form) -> RefusedForm {
    let advice = "Correct what is marked below, and send the form again.";
    RefusedForm::new(Part::Key, title, advice, issues, typed)
}
