//! Trying an action that only reads, by hand. It is a call like any other, by whoever is signed in.

use axum::{Router, extract::State, response::Response, routing::get};
use http::StatusCode;
use integrations_core::{
    catalog::{ActionKind, ProviderAccount, action::Action},
    error::ErrorCode,
    issue::Issue,
};

use super::{
    action_form,
    state::Pages,
    view::{
        provider_page::{Part, RefusedForm},
        trial::{self, TrialPage},
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::{
    edge::{failure::Failure, form::Form, scoped::ActionsWrite},
    services::actions::{Call, CallError, Listed},
};

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let action = "/dashboard/projects/{projectId}/integrations/{provider}/actions/{action}";
    Router::new().route(action, get(show).post(call))
}

/// An action that the path names, and whether it can be called now.
pub(super) struct Tried {
    pub(super) account: ProviderAccount,
    place: usize,
    listed: Listed,
}

impl Tried {
    pub(super) async fn read(on: &OnProject) -> Result<Self, Failure> {
        let pages = &on.visit.pages;
        let account = on.named.account(pages)?;
        let listed = pages.actions.list(&on.tenant, &account).await?;
        let key = on.named.item.as_deref();
        let place = account.provider.actions.iter().position(|action| Some(action.key.as_str()) == key);
        let found = place.and_then(|place| Some((place, listed.into_iter().nth(place)?)));
        let (place, listed) =
            found.ok_or_else(|| CallError::NoSuchAction { provider: account.provider.name.clone() })?;
        Ok(Self { account, place, listed })
    }

    /// The action, whatever it does.
    pub(super) fn any_action(&self) -> Option<&Action> {
        self.account.provider.actions.get(self.place)
    }

    /// A call of its action by who is signed in.
    pub(super) fn call(&self, on: &OnProject, action: &Action, body: Vec<u8>) -> Call {
        Call {
            run: on.visit.pages.environment.id(),
            tenant: on.tenant,
            account: self.account.clone(),
            action: action.key.clone(),
            body,
            by: on.session.principal.into(),
            request_id: Some(on.visit.request_id.to_string()),
            remembered: None,
            repeats_within: None,
        }
    }

    fn action(&self) -> Option<&Action> {
        self.any_action().filter(|action| action.kind == ActionKind::ReadOnly)
    }

    /// The page, with the form as it was refused, if it was.
    fn answer(&self, on: &OnProject, status: StatusCode, refused: Option<&RefusedForm>) -> Response {
        let Some(action) = self.action() else { return changes_something(on) };
        let page = TrialPage {
            project: on.project(),
            account: &self.account,
            action,
            not_callable_reason: self.listed.not_callable_reason.as_deref(),
            refused,
        };
        on.visit.page(status, trial::page(&on.visit.frame(), &page))
    }
}

/// The page for an action that does more than read.
fn changes_something(on: &OnProject) -> Response {
    on.visit.failure(
        StatusCode::FORBIDDEN,
        "This action does more than read",
        "Only actions that read can be tried here. Nothing was sent.",
        "Have an agent call it, or the command line. What would be decided can be asked on the integration's page.",
    )
}

/// `GET /dashboard/projects/{projectId}/integrations/{provider}/actions/{action}`
async fn show(Allowed { on, .. }: Allowed<ActionsWrite>) -> Result<Response, Failure> {
    Ok(Tried::read(&on).await?.answer(&on, StatusCode::OK, None))
}

/// `POST` to the same address: calls the action, and leads to the run.
async fn call(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<ActionsWrite>>,
) -> Result<Response, Failure> {
    let tried = Tried::read(&on).await?;
    let Some(action) = tried.action() else { return Ok(changes_something(&on)) };
    let body = match action_form::body(action, &form) {
        Ok(body) => body,
        Err(issues) => {
            return Ok(tried.answer(&on, StatusCode::UNPROCESSABLE_ENTITY, Some(&wrong(issues, form))));
        }
    };
    let call = tried.call(&on, action, body);
    let run = call.run;
    // The page of the run shows it also while it is being sent.
    let patience = pages.settings.request_timeout / 2;
    match pages.actions.call(call, patience).await.map_err(Failure::from) {
        Ok(row) => {
            // It may be an earlier run, which waits for a person already.
            let run = row.id.parse().unwrap_or(run);
            Ok(on.visit.go_to(&on.visit.addresses.run(on.tenant.project, run)))
        }
        Err(failure) if !failure.issues.is_empty() => {
            let refused = wrong(failure.issues, form);
            Ok(tried.answer(&on, StatusCode::UNPROCESSABLE_ENTITY, Some(&refused)))
        }
        Err(failure) if is_for_who_tries(failure.code) => {
            let title = "The action was not called";
            let refused = RefusedForm::new(Part::Trial, title, &failure.message, Vec::new(), form);
            Ok(tried.answer(&on, failure.status(), Some(&refused)))
        }
        Err(failure) => Err(failure),
    }
}

fn wrong(issues: Vec<Issue>, form: Form) -> RefusedForm {
    let title = "The action was not called";
    RefusedForm::new(Part::Trial, title, "Correct what is marked below, and try again.", issues, form)
}

/// Whether a failure says something of the action, and not of the page.
pub(super) const fn is_for_who_tries(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::IntegrationNotActive
            | ErrorCode::ReinstallRequired
            | ErrorCode::ProviderRefused
            | ErrorCode::ProviderUnavailable
            | ErrorCode::ProviderRateLimited
            | ErrorCode::Conflict
    )
}
