//! Who approves the calls of a project, and how long that may take.

use axum::{Router, extract::State, response::Response, routing::get};
use http::{StatusCode, Uri};
use integrations_core::{
    action::{Policy, PolicyUpdate},
    issue::Issue,
};
use serde_json::{Value, json};

use super::{
    flash::OwnedFlash,
    projects::issues,
    shown,
    state::Pages,
    view::{
        approval_policy::{self, PolicyPage, Unit},
        provider_page::{Part, RefusedForm},
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::edge::{
    failure::Failure,
    form::Form,
    query,
    scoped::{ApprovalsAdmin, ApprovalsRead},
};

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/dashboard/projects/{projectId}/approvals/policy", get(show).post(change))
}

fn answer(
    on: &OnProject,
    policy: Policy,
    status: StatusCode,
    is_saved: bool,
    refused: Option<&RefusedForm>,
) -> Response {
    let page = PolicyPage { project: on.project(), policy, is_saved, refused };
    on.visit.page(status, approval_policy::page(&on.visit.frame(), &page))
}

/// `GET /dashboard/projects/{projectId}/approvals/policy`
async fn show(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<ApprovalsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let [done] = query::parameters(&uri, ["done"])?;
    let policy = pages.actions.approval_policy(&on.tenant).await?;
    let is_saved = done.as_deref() == Some(OwnedFlash::Changed.as_str());
    Ok(answer(&on, policy, StatusCode::OK, is_saved, None))
}

/// `POST` to the same address.
async fn change(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<ApprovalsAdmin>>,
) -> Result<Response, Failure> {
    let policy = pages.actions.approval_policy(&on.tenant).await?;
    if form.trimmed("shown") != shown::of_policy(policy) {
        let refused = RefusedForm::outdated(Part::Policy, form);
        return Ok(answer(&on, policy, StatusCode::PRECONDITION_FAILED, false, Some(&refused)));
    }
    let update = match PolicyUpdate::read(&body(&form)) {
        Ok(update) => update,
        Err(error) => {
            let issues = issues(error)?.into_iter().map(for_people).collect();
            let (title, advice) =
                ("The policy was not changed", "Correct what is marked below, and save again.");
            let refused = RefusedForm::new(Part::Policy, title, advice, issues, form);
            return Ok(answer(&on, policy, StatusCode::UNPROCESSABLE_ENTITY, false, Some(&refused)));
        }
    };
    let updated = pages.actions.update_approval_policy(&on.tenant, update, on.acting()).await;
    updated.map_err(Failure::of_project)?;
    let address = on.visit.addresses.approval_policy(on.tenant.project);
    Ok(on.visit.go_to(&format!("{address}?done={}", OwnedFlash::Changed.as_str())))
}

/// The body that a form stands for, as the API would be sent it.
fn body(form: &Form) -> Vec<u8> {
    let number = form.trimmed("expires_after").parse::<u64>().ok();
    let unit = form.trimmed("unit").parse::<Unit>().ok();
    let seconds = number.zip(unit).and_then(|(number, unit)| number.checked_mul(unit.seconds()));
    let seconds = seconds.map_or(Value::Null, Value::from);
    json!({"decided_by": form.trimmed("decided_by"), "expires_after_seconds": seconds})
        .to_string()
        .into_bytes()
}

/// The field that an issue is about, and what is wrong in the words of the form.
fn for_people(issue: Issue) -> Issue {
    match issue.path.as_str() {
        "expires_after_seconds" => {
            Issue::new("expires_after", "Expected a whole number, from 5 minutes to 30 days")
        }
        _ => issue,
    }
}
