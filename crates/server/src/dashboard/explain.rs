//! What would be decided of a call. Nothing is sent but the questions that a decision needs.

use axum::{Router, extract::State, response::Response, routing::get};
use http::StatusCode;
use integrations_core::{catalog::action::Action, error::ErrorCode, issue::Issue};

use super::{
    action_form,
    state::Pages,
    trial::{Tried, is_for_who_tries},
    view::{
        explain::{self, ExplainPage, Sent},
        provider_page::{Part, RefusedForm},
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::edge::{failure::Failure, form::Form, scoped::ActionsWrite};

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let explain = "/dashboard/projects/{projectId}/integrations/{provider}/actions/{action}/explain";
    Router::new().route(explain, get(show).post(submit))
}

fn answer(on: &OnProject, asked: &Tried, action: &Action, status: StatusCode, sent: Sent<'_>) -> Response {
    let page = ExplainPage { project: on.project(), account: &asked.account, action, sent };
    on.visit.page(status, explain::page(&on.visit.frame(), &page))
}

fn no_action() -> Failure {
    Failure::new(ErrorCode::ActionNotFound, "There is no such action")
}

/// `GET …/actions/{action}/explain`
async fn show(Allowed { on, .. }: Allowed<ActionsWrite>) -> Result<Response, Failure> {
    let asked = Tried::read(&on).await?;
    let action = asked.any_action().ok_or_else(no_action)?;
    Ok(answer(&on, &asked, action, StatusCode::OK, Sent::Nothing))
}

/// `POST` to the same address: the same page, with the explanation.
async fn submit(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<ActionsWrite>>,
) -> Result<Response, Failure> {
    let asked = Tried::read(&on).await?;
    let action = asked.any_action().ok_or_else(no_action)?;
    let body = match action_form::body(action, &form) {
        Ok(body) => body,
        Err(issues) => {
            let refused = wrong(issues, form);
            return Ok(answer(
                &on,
                &asked,
                action,
                StatusCode::UNPROCESSABLE_ENTITY,
                Sent::Refused(&refused),
            ));
        }
    };
    match pages.actions.explain(asked.call(&on, action, body)).await.map_err(Failure::from) {
        Ok(explanation) => {
            Ok(answer(&on, &asked, action, StatusCode::OK, Sent::Explained(&explanation, &form)))
        }
        Err(failure) if !failure.issues.is_empty() => {
            let refused = wrong(failure.issues, form);
            Ok(answer(&on, &asked, action, StatusCode::UNPROCESSABLE_ENTITY, Sent::Refused(&refused)))
        }
        Err(failure) if is_for_who_tries(failure.code) => {
            let refused = RefusedForm::new(Part::Trial, NOT_KNOWN, &failure.message, Vec::new(), form);
            Ok(answer(&on, &asked, action, failure.status(), Sent::Refused(&refused)))
        }
        Err(failure) => Err(failure),
    }
}

const NOT_KNOWN: &str = "Nothing can be said of this call";

fn wrong(issues: Vec<Issue>, form: Form) -> RefusedForm {
    RefusedForm::new(Part::Trial, NOT_KNOWN, "Correct what is marked below, and ask again.", issues, form)
}
