//! Who approves the calls of a project, and how long that may take.

use axum::{Router, extract::State, response::Response, routing::get};
use http::{StatusCode, Uri};
use integrations_core::{
    action::PolicyUpdate,
    catalog::action::{ActionInput, Shape},
    issue::Issue,
};
use serde_json::{Map, Value, json};

use super::{
    flash::OwnedFlash,
    projects::issues,
    shown,
    state::Pages,
    view::{
        approval_policy::{self, Messenger, PolicyPage, Unit, messenger},
        provider_page::{Part, RefusedForm},
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        query,
        scoped::{ApprovalsAdmin, ApprovalsRead},
    },
    services::actions::{PolicyError, ShownPolicy},
};

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/dashboard/projects/{projectId}/approvals/policy", get(show).post(change))
}

async fn answer(
    pages: &Pages,
    on: &OnProject,
    shown: &ShownPolicy,
    status: StatusCode,
    is_saved: bool,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let messengers = messengers(pages, on).await?;
    let page = PolicyPage { project: on.project(), shown, messengers: &messengers, is_saved, refused };
    Ok(on.visit.page(status, approval_policy::page(&on.visit.frame(), &page)))
}

/// The actions of the project's integrations that send messages.
async fn messengers(pages: &Pages, on: &OnProject) -> Result<Vec<Messenger>, Failure> {
    let mut messengers = Vec::new();
    for row in pages.integrations.list(&on.tenant).await? {
        let Ok(account) = pages.catalog.account(&row.provider) else { continue };
        let account = account.stored(row.way());
        let sends = account.provider.actions.iter().filter(|action| action.message.is_some());
        messengers.extend(sends.map(|action| Messenger {
            value: messenger(&row.provider, &action.key),
            label: format!("{}: {}", account.label(), action.label),
        }));
    }
    Ok(messengers)
}

/// `GET /dashboard/projects/{projectId}/approvals/policy`
async fn show(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<ApprovalsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let [done] = query::parameters(&uri, ["done"])?;
    let shown = pages.actions.shown_policy(&on.tenant).await?;
    let is_saved = done.as_deref() == Some(OwnedFlash::Changed.as_str());
    answer(&pages, &on, &shown, StatusCode::OK, is_saved, None).await
}

/// `POST` to the same address.
async fn change(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<ApprovalsAdmin>>,
) -> Result<Response, Failure> {
    let shown = pages.actions.shown_policy(&on.tenant).await?;
    if form.trimmed("shown") != shown::of_policy(&shown.policy) {
        let refused = RefusedForm::outdated(Part::Policy, form);
        return answer(&pages, &on, &shown, StatusCode::PRECONDITION_FAILED, false, Some(&refused)).await;
    }
    let updated = match PolicyUpdate::read(&body(&pages, &form)) {
        Ok(update) => pages.actions.update_approval_policy(&on.tenant, update, on.acting()).await,
        Err(error) => Err(error.into()),
    };
    match updated {
        Err(PolicyError::Body(error)) => {
            let issues = issues(error)?.into_iter().map(for_people).collect();
            let (title, advice) =
                ("The policy was not changed", "Correct what is marked below, and save again.");
            let refused = RefusedForm::new(Part::Policy, title, advice, issues, form);
            answer(&pages, &on, &shown, StatusCode::UNPROCESSABLE_ENTITY, false, Some(&refused)).await
        }
        updated => {
            updated?;
            let address = on.visit.addresses.approval_policy(on.tenant.project);
            Ok(on.visit.go_to(&format!("{address}?done={}", OwnedFlash::Changed.as_str())))
        }
    }
}

/// The body that a form stands for, as the API would be sent it.
fn body(pages: &Pages, form: &Form) -> Vec<u8> {
    let number = form.trimmed("expires_after").parse::<u64>().ok();
    let unit = form.trimmed("unit").parse::<Unit>().ok();
    let seconds = number.zip(unit).and_then(|(number, unit)| number.checked_mul(unit.seconds()));
    let seconds = seconds.map_or(Value::Null, Value::from);
    let notify = form.trimmed("notify").split_once(' ').map_or(Value::Null, |(provider, action)| {
        let account = pages.catalog.account(provider).ok();
        let inputs = account.as_ref().and_then(|account| account.provider.action(action));
        let inputs = inputs.map(|action| action.inputs.as_slice()).unwrap_or_default();
        json!({"provider": provider, "action": action, "input": input(inputs, form.trimmed("notify_input"))})
    });
    json!({
        "decided_by": form.trimmed("decided_by"), "expires_after_seconds": seconds, "notify": notify,
    })
    .to_string()
    .into_bytes()
}

/// The input that was typed, a line for each: `channel = #approvals`. Items of a list have commas between them.
fn input(declared: &[ActionInput], typed: &str) -> Map<String, Value> {
    let lines = typed.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, text) = line.split_once('=').unwrap_or((line, ""));
            let (name, text) = (name.trim(), text.trim());
            let shape = declared.iter().find(|input| input.key == name).map(|input| &input.shape);
            let value = match shape {
                Some(Shape::List { .. }) => text.split(',').map(|item| Value::from(item.trim())).collect(),
                Some(Shape::Integer { .. } | Shape::Boolean) => {
                    serde_json::from_str(text).unwrap_or_else(|_| text.into())
                }
                _ => text.into(),
            };
            (name.to_owned(), value)
        })
        .collect()
}

/// The field that an issue is about, and what is wrong in the words of the form.
fn for_people(issue: Issue) -> Issue {
    match issue.path.as_str() {
        "expires_after_seconds" => {
            Issue::new("expires_after", "Expected a whole number, from 5 minutes to 30 days")
        }
        "notify.provider" | "notify.action" => Issue::new("notify", issue.message),
        path if path.starts_with("notify") => {
            let name = path.rsplit('.').next().unwrap_or_default();
            Issue::new("notify_input", format!("{name}: {}", issue.message))
        }
        _ => issue,
    }
}
